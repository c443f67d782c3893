"""What `auto` becomes with and without a GPU."""

import pytest

from kerasseg.errors import UserError
from kerasseg.training.device import pick_device


@pytest.mark.parametrize(
    ("gpus", "precision", "jit"),
    [(0, "float32", False), (1, "mixed_float16", True), (4, "mixed_float16", True)],
)
def test_auto_follows_the_machine(gpus, precision, jit):
    device = pick_device(precision="auto", jit="auto", gpus=gpus)
    assert (device.precision, device.jit) == (precision, jit)
    assert "auto" in device.line
    assert ("no GPU" if not gpus else f"{gpus} GPU") in device.line
    assert ("GPUs" in device.line) == (gpus > 1)


@pytest.mark.parametrize("gpus", [0, 2])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("jit", [True, False])
def test_what_is_set_is_taken(gpus, precision, jit):
    device = pick_device(precision=precision, jit=jit, gpus=gpus)
    assert (device.precision, device.jit) == (precision, jit)
    assert device.line == (
        f"precision {precision} (as set) · XLA {'on' if jit else 'off'} (as set)"
    )


def test_one_may_be_set_and_the_other_not():
    device = pick_device(precision="mixed_bfloat16", jit="auto", gpus=0)
    assert (device.precision, device.jit) == ("mixed_bfloat16", False)


def test_without_a_number_the_machine_is_asked(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind] * 3)
    assert pick_device(precision="auto", jit="auto").precision == "mixed_float16"


@pytest.mark.parametrize("gpus", [0, 2])
def test_several_replicas_do_without_xla(gpus):
    device = pick_device(precision="auto", jit="auto", gpus=gpus, replicas=2)
    assert not device.jit
    assert "2 replicas" in device.line
    assert not pick_device(precision="auto", jit=False, gpus=gpus, replicas=2).jit
    with pytest.raises(UserError, match=r"train\.jit=true: found 2 replicas"):
        pick_device(precision="auto", jit=True, gpus=gpus, replicas=2)
