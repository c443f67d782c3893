"""The GPUs of this machine: which TensorFlow uses, how much of them, and why there are none."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kerasseg.errors import UserError

_NVIDIA = "0x10de"  # as PCI vendor
_DISPLAY = "0x03"  # the PCI class of what draws or computes
# What TensorFlow says of a card that it cannot use, the most telling first.
_REASONS = (r"dlopen", r"cuInit", r"libdevice|cudnn|driver version", r"[Cc]ould not find cuda")
_ASK = "import tensorflow; tensorflow.config.list_physical_devices('GPU')"


def nvidia_card(root: Path = Path("/")) -> bool:
    """Whether this machine has an NVIDIA card, whatever TensorFlow says; Linux only.

    root: where /proc and /sys are.
    """
    driver = root / "proc/driver/nvidia/gpus"
    if driver.is_dir() and any(driver.iterdir()):
        return True
    for vendor in (root / "sys/bus/pci/devices").glob("*/vendor"):
        try:
            kind = (vendor.parent / "class").read_text()
            if vendor.read_text().strip() == _NVIDIA and kind.startswith(_DISPLAY):
                return True
        except OSError:
            continue
    return False


def missing_gpu_notice(*, seen: int | None = None, root: Path = Path("/")) -> str | None:
    """A line for a machine whose NVIDIA card TensorFlow does not use; None where all is well.

    seen: how many GPUs TensorFlow lists; None asks it. Says nothing of a card that
    CUDA_VISIBLE_DEVICES hides. Asks TensorFlow for its reason in a process of its own, which takes
    seconds: what it said here was silenced.
    """
    if seen is None:
        import tensorflow as tf

        seen = len(tf.config.list_physical_devices("GPU"))
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if seen or hidden or not nvidia_card(root):
        return None
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASK],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        reason = reason_in(asked.stderr)
    except (OSError, subprocess.TimeoutExpired):
        reason = None
    return (
        f"an NVIDIA card is here, but TensorFlow does not use it ({reason or 'it gives no reason'})"
        '; pip install "tensorflow[and-cuda]" brings the CUDA libraries, the driver comes from the '
        "system"
    )


def reason_in(log: str) -> str | None:
    """The line of TensorFlow's log that says why it uses no GPU, without its time and place."""
    lines = [
        re.sub(r"^.*?\b[\w.]+\.(?:cc|h):\d+\] ", "", line).strip() for line in log.splitlines()
    ]
    for pattern in _REASONS:
        for line in lines:
            if re.search(pattern, line):
                return line.rstrip(".")
    return None


def use_gpus(numbers: Sequence[int], *, memory: int | None) -> None:
    """Leaves all GPUs but these alone, and takes of these no more memory than is needed.

    numbers: places in TensorFlow's list of physical devices. memory: MiB to take of each at most;
    None: as much as turns out to be needed. By itself TensorFlow takes nearly all memory of every
    GPU, used or not. To be called before the first op; where TensorFlow runs already it changes
    nothing, and raises UserError if `memory` asks for what is no more possible.
    """
    import tensorflow as tf

    config = tf.config
    present = config.list_physical_devices("GPU")
    used = [gpu for number, gpu in enumerate(present) if number in numbers]
    try:
        if config.get_visible_devices("GPU") != used:
            config.set_visible_devices(used, "GPU")
        for gpu in used:
            if memory is None:
                if config.get_logical_device_configuration(gpu) is None:
                    config.experimental.set_memory_growth(gpu, True)
            else:
                part = config.LogicalDeviceConfiguration(memory_limit=memory)
                config.set_logical_device_configuration(gpu, [part])
    except RuntimeError as error:
        if memory is not None:
            raise UserError(
                f"train.gpu_memory: found {memory}, but TensorFlow already runs ({error})"
            ) from None


def grow_memory() -> None:
    """Has TensorFlow take memory of the GPUs as it needs it, where that is still undecided.

    For a process of somebody else's: where TensorFlow runs already, or any GPU was configured, it
    changes nothing. Never raises.
    """
    import tensorflow as tf

    config, more = tf.config, tf.config.experimental
    with suppress(RuntimeError, ValueError):
        gpus = config.get_visible_devices("GPU")
        configured = [
            more.get_memory_growth(gpu) is not None
            or config.get_logical_device_configuration(gpu) is not None
            for gpu in gpus
        ]
        if not any(configured):  # it has to be the same for all
            for gpu in gpus:
                more.set_memory_growth(gpu, True)


def compute_capabilities() -> list[tuple[int, int]]:
    """Of every GPU that is used; (0, 0) where TensorFlow does not know it."""
    import tensorflow as tf

    def of(gpu: Any) -> tuple[int, int]:
        details = tf.config.experimental.get_device_details(gpu)
        return details.get("compute_capability", (0, 0))

    return [of(gpu) for gpu in tf.config.get_visible_devices("GPU")]
