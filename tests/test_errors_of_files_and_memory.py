"""What is said of files and memory: one line with the file, or with the settings that help."""

import errno
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasseg.errors import line_of, run_command


def caught(function):
    with pytest.raises(Exception) as error:  # noqa: PT011  each asks for its own
        function()
    return error.value


def op_error(kind, message):
    return kind(None, None, message)


def test_a_file_is_named_with_the_reason(tmp_path):
    missing = tmp_path / "gone.png"
    assert line_of(caught(missing.read_bytes)) == f"{missing}: No such file or directory"
    line = line_of(caught(lambda: tf.io.read_file(str(missing))))
    assert str(missing) in line
    assert "No such file" in line
    assert "\n" not in line
    missing.write_bytes(b"no picture")
    assert str(missing) in line_of(caught(lambda: Image.open(missing)))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/run/state"),
        op_error(
            tf.errors.ResourceExhaustedError,
            "Graph execution error:\n\n/run/state; No space left on device\n\t [[{{node Save}}]]",
        ),
        op_error(
            tf.errors.ResourceExhaustedError,
            "{{function_node _Save}} /run/state; No space left on device [Op:SaveV2] name: ",
        ),
    ],
)
def test_a_full_disk_is_no_lack_of_memory(error):
    line = line_of(error)
    assert line.startswith("/run/state")
    assert "No space left on device" in line
    assert "memory" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        op_error(tf.errors.ResourceExhaustedError, "OOM when allocating tensor with shape[9]"),
        op_error(tf.errors.InternalError, "CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
        op_error(tf.errors.UnknownError, "MemoryError: std::bad_alloc"),
    ],
)
def test_lack_of_memory_names_the_settings_that_lower_it(error):
    line = line_of(error)
    for setting in ("train.batch_size", "data.image_size", "model.width", "serving.tile"):
        assert setting in line
    assert "\n" not in line


def test_the_real_allocators_say_so():
    # 2**60 bytes: more than any machine's address space holds.
    assert "train.batch_size" in line_of(caught(lambda: np.empty(2**60, np.uint8)))
    assert "train.batch_size" in line_of(caught(lambda: tf.zeros([2**30, 2**28])))


@pytest.mark.parametrize(
    "error",
    [
        ValueError("No space left on device"),
        op_error(tf.errors.InternalError, "a bug"),
        op_error(tf.errors.InvalidArgumentError, "Incompatible shapes"),
    ],
)
def test_a_bug_stays_a_bug(error):
    assert line_of(error) is None


def test_the_status_is_that_of_a_user_error(capsys):
    def full():
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "runs/a/config.yaml")

    def memory():
        raise MemoryError

    assert run_command(full) == 2
    assert capsys.readouterr().err == "error: runs/a/config.yaml: Read-only file system\n"
    assert run_command(memory) == 2
    assert capsys.readouterr().err.startswith("error: out of memory; ")
