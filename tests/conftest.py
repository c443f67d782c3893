"""Shared by all tests. TensorFlow takes seconds to import: only tests that need it do so."""

import os
import subprocess
import sys

import pytest
from hypothesis import settings

# Before anybody imports TensorFlow: its log of drivers that are not here is no test result.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# A busy machine is no failure.
settings.register_profile("kerasseg", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=10)  # make test-fast
settings.load_profile("kerasseg")


@pytest.fixture(scope="session")
def dead_process() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid
