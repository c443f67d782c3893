"""TensorFlow as it is started, and what is said where it is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerasseg.backend import load_tensorflow, quiet_tensorflow, require
from kerasseg.errors import UserError

PROJECT = Path(__file__).resolve().parents[1]
LOAD = "from kerasseg.backend import load_tensorflow; load_tensorflow()"


def run(script: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_quiet_tensorflow(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    quiet_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"  # who asks for the log gets it
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    quiet_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"


def test_memory_of_a_gpu_is_taken_as_it_is_needed(monkeypatch):
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "false")
    quiet_tensorflow()
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "false"
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH")
    quiet_tensorflow()
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_on_the_cpu_alone_although_tensorflow_is_loaded_already(monkeypatch):
    import tensorflow as tf

    told = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *what: told.append(what))
    load_tensorflow()
    assert (told, os.environ["CUDA_VISIBLE_DEVICES"]) == ([], "0")
    load_tensorflow(gpus=False)
    assert (told, os.environ["CUDA_VISIBLE_DEVICES"]) == ([([], "GPU")], "-1")


def test_tensorflow_loads_without_a_word():
    result = run(f"{LOAD}; import sys; assert 'tensorflow' in sys.modules; 1 / 0")
    assert result.stderr.startswith("Traceback")  # and standard error is back in place
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_tensorflow_that_does_not_load_says_why(tmp_path):
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'no such library\\n')\nraise ImportError('broken')\n"
    )
    result = run(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {LOAD}")
    assert result.stderr.startswith("no such library\nTraceback")
    assert result.stderr.endswith("ImportError: broken\n")


def test_what_is_not_installed_is_named_with_the_command_that_brings_it(monkeypatch):
    require("json", "tensorflow")
    with pytest.raises(UserError, match=r'^no_such_package: .* pip install "\.\[train\]"'):
        require("json", "no_such_package")
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if it were not there
    with pytest.raises(UserError, match=r"^tensorflow: not installed"):
        load_tensorflow()
