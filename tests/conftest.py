"""Shared by all tests. TensorFlow takes seconds to import: only tests that need it do so."""

import os

from hypothesis import settings

# Before anybody imports TensorFlow: its log of drivers that are not here is no test result.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# A busy machine is no failure.
settings.register_profile("kerasseg", deadline=None)
settings.load_profile("kerasseg")
