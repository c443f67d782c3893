"""What `auto` becomes with and without a GPU."""

import os

import pytest

from kerasseg.errors import UserError
from kerasseg.training.device import pick_device, spare_autotuning

TURING, PASCAL = (7, 5), (6, 1)


@pytest.mark.parametrize(
    ("cards", "precision", "jit"),
    [
        ([], "float32", False),
        ([TURING], "mixed_float16", True),
        ([(8, 0)] * 4, "mixed_float16", True),
        ([(7, 0)], "mixed_float16", True),
        ([PASCAL], "float32", True),
        ([TURING, PASCAL], "float32", True),
        ([(0, 0)], "float32", True),
    ],
)
def test_auto_follows_the_machine(cards, precision, jit):
    device = pick_device(precision="auto", jit="auto", cards=cards)
    assert (device.precision, device.jit) == (precision, jit)
    assert (device.steps_ahead > 1) == bool(cards)
    assert "auto" in device.line
    assert ("no GPU" if not cards else f"{len(cards)} GPU") in device.line
    assert ("GPUs" in device.line) == (len(cards) > 1)
    slow = bool(cards) and precision == "float32"
    assert ("without tensor cores" in device.line) == slow


@pytest.mark.parametrize("cards", [[], [PASCAL, TURING]])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("jit", [True, False])
def test_what_is_set_is_taken(cards, precision, jit):
    device = pick_device(precision=precision, jit=jit, cards=cards)
    assert (device.precision, device.jit) == (precision, jit)
    assert device.line == (
        f"precision {precision} (as set) · XLA {'on' if jit else 'off'} (as set)"
    )


def test_one_may_be_set_and_the_other_not():
    device = pick_device(precision="mixed_bfloat16", jit="auto", cards=[])
    assert (device.precision, device.jit) == ("mixed_bfloat16", False)


def test_without_cards_the_machine_is_asked(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [kind] * 3)
    details = {"compute_capability": TURING}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
    assert pick_device(precision="auto", jit="auto").precision == "mixed_float16"


@pytest.mark.parametrize("cards", [[], [TURING] * 2])
def test_several_replicas_do_without_xla(cards):
    device = pick_device(precision="auto", jit="auto", cards=cards, replicas=2)
    assert not device.jit
    assert "2 replicas" in device.line
    assert not pick_device(precision="auto", jit=False, cards=cards, replicas=2).jit
    with pytest.raises(UserError, match=r"train\.jit=true: found 2 replicas"):
        pick_device(precision="auto", jit=True, cards=cards, replicas=2)


@pytest.mark.parametrize(
    ("before", "one_size", "compiled", "after"),
    [
        (None, False, True, "0"),
        (None, True, True, None),
        (None, False, False, None),
        ("1", False, True, "1"),
    ],
)
def test_images_of_many_sizes_are_not_each_timed_anew(
    before, one_size, compiled, after, monkeypatch
):
    monkeypatch.setenv("TF_CUDNN_USE_AUTOTUNE", "")  # restored afterwards, whatever it was
    monkeypatch.delenv("TF_CUDNN_USE_AUTOTUNE")
    if before is not None:
        monkeypatch.setenv("TF_CUDNN_USE_AUTOTUNE", before)
    spare_autotuning(one_size=one_size, compiled=compiled)
    assert os.environ.get("TF_CUDNN_USE_AUTOTUNE") == after


@pytest.mark.parametrize("cards", [[], [TURING], [PASCAL]])
@pytest.mark.parametrize("begun_with", [("float32", False), ("mixed_float16", True)])
def test_a_run_is_resumed_as_it_was_begun(cards, begun_with):
    fresh = pick_device(precision="auto", jit="auto", cards=cards)
    device = pick_device(precision="auto", jit="auto", cards=cards, begun_with=begun_with)
    assert (device.precision, device.jit) == begun_with
    line, *more = device.line.splitlines()
    assert line.count("auto: as this run was begun") == 2
    moved = (fresh.precision, fresh.jit) != begun_with
    assert len(more) == moved
    if moved:
        assert f"would have precision {fresh.precision}" in more[0]


def test_what_is_set_stands_on_resume_and_replicas_do_without_xla():
    begun_with = ("mixed_float16", True)
    device = pick_device(precision="float32", jit=False, cards=[], begun_with=begun_with)
    assert (device.precision, device.jit) == ("float32", False)
    assert "\n" not in device.line
    device = pick_device(
        precision="auto", jit="auto", cards=[TURING] * 2, replicas=2, begun_with=begun_with
    )
    assert (device.precision, device.jit) == ("mixed_float16", False)
