"""Shared by all tests. TensorFlow takes seconds to import: only tests that need it do so."""

import gc
import os
import subprocess
import sys

import pytest
from hypothesis import settings

# Before anybody imports TensorFlow: its log of drivers that are not here is no test result.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# XLA compiles each program for one call: its optimisation takes longer than it saves.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

# A busy machine is no failure.
settings.register_profile("kerasseg", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=10)  # make test-fast
settings.load_profile("kerasseg")


def pytest_collection_finish():
    """What was imported stays: the garbage collector looks at what tests make, and less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A convolution that oneDNN cannot do where it is held to an older instruction set is skipped.

    ONEDNN_MAX_CPU_ISA takes the 16-bit convolutions of a processor away from oneDNN, not from
    TensorFlow, which asks for them all the same: it fails in a bare `tf.nn.conv2d`, too.
    """
    report = yield
    if report.failed and "ONEDNN_MAX_CPU_ISA" in os.environ:
        error = call.excinfo.value
        if "could not create a primitive descriptor" in str(error):
            reason = "oneDNN, held by ONEDNN_MAX_CPU_ISA, has no such convolution"
            report.outcome = "skipped"
            report.longrepr = (str(item.path), (item.location[1] or 0) + 1, f"Skipped: {reason}")
    return report


@pytest.fixture(scope="session")
def dead_process() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid
