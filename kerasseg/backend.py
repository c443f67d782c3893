"""What not every installation has: TensorFlow, started quietly, and the rest of the extra `train`.

`pip install .` brings what predicts with an ONNX file; all else is imported only when needed.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from kerasseg.errors import UserError

# Package -> the extra of pyproject.toml that brings it, if it is not `train`.
_EXTRAS = {"ai_edge_litert": "litert", "mlflow": "mlflow"}


def require(*packages: str) -> None:
    """Raises UserError, naming the command that installs it, if one cannot be imported."""
    for package in packages:
        if not is_installed(package):
            extra = _EXTRAS.get(package, "train")
            raise UserError(
                f"{package}: not installed, and needed for this; in kerasseg's folder, "
                f'pip install ".[{extra}]" brings it'
            )


def is_installed(package: str) -> bool:
    """Whether a package can be imported, without importing it."""
    try:
        return find_spec(package) is not None
    except ImportError:
        return False


def quiet_tensorflow() -> None:
    """To be called before TensorFlow or Keras is imported: less talk, and the right backend.

    And no more of a GPU's memory than is needed, so that another program has room beside it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ["KERAS_BACKEND"] = "tensorflow"


def load_tensorflow(*, gpus: bool = True) -> None:
    """Imports TensorFlow, which takes seconds, without what its libraries say while they load.

    gpus: False = on the CPU alone, this process and those that it starts; before the first op.
    No variable silences those lines: they come before its log is set up. They are shown if the
    import fails, or if TF_CPP_MIN_LOG_LEVEL=0 asks for everything. Raises UserError if TensorFlow
    is not installed.
    """
    require("tensorflow")
    quiet_tensorflow()
    if not gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    _import_quietly()
    if not gpus:
        import tensorflow

        # It may have been loaded before, to read from a bucket: too late for the variable.
        tensorflow.config.set_visible_devices([], "GPU")


def _import_quietly() -> None:
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0":
        import tensorflow

        return
    with stderr_held():
        import tensorflow

        # The first look at the devices says that there is no GPU, several times over.
        tensorflow.config.list_physical_devices()


@contextmanager
def stderr_held() -> Iterator[None]:
    """What native code writes to standard error meanwhile is shown only if an error is raised."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
