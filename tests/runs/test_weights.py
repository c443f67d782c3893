"""Weights of another run: taken over, with a new head for other classes, or refused."""

import numpy as np
import pytest

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.models.auxiliary_head import with_auxiliary
from kerasseg.models.build import build_net
from kerasseg.runs.weights import load_net, start_from


def net(*, outputs=3, seed=0, precision="float32", **model):
    model = ModelConfig(**{"width": 2, "depth": 1, **model})
    return build_net(model, outputs=outputs, seed=seed, precision=precision)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run directory with the weights of seed 1."""
    folder = tmp_path_factory.mktemp("run")
    net(seed=1).save(folder / "best.keras")
    return folder


def assert_same(one, two):
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["", "best.keras"])
def test_a_run_directory_and_a_file_both_do(run, name):
    assert_same(load_net(run / name), net(seed=1))


def test_all_weights_are_taken_over_even_into_mixed_precision(run):
    target = net(seed=2, precision="mixed_bfloat16")
    line = start_from(target, load_net(run), path="some/run")
    assert_same(target, net(seed=1))
    assert line == "weights from some/run"


def test_another_number_of_classes_gets_a_new_head_and_says_so(run):
    target = net(seed=2, outputs=5)
    line = start_from(target, load_net(run), path="some/run")
    assert "head is new" in line
    given, fresh = net(seed=1), net(seed=2, outputs=5)
    for layer in target.layers:
        if layer.weights:
            source = fresh if layer.name == "head" else given
            assert_same(layer, source.get_layer(layer.name))


def test_an_auxiliary_head_is_taken_over_passed_over_or_new(tmp_path):
    model = {"depth": 3, "auxiliary_stride": 8}

    def with_head(*, seed, outputs=3):
        settings = ModelConfig(width=2, **model)
        return with_auxiliary(net(seed=seed, outputs=outputs, **model), settings, seed=seed)

    plain, held = net(seed=1, **model), with_head(seed=1)
    held.save(tmp_path / "held.keras")
    loaded = load_net(tmp_path / "held.keras")

    target = with_head(seed=2)
    assert start_from(target, loaded, path="a") == "weights from a"
    assert_same(target, held)

    target = net(seed=2, **model)
    assert start_from(target, loaded, path="a") == "weights from a"
    assert_same(target, plain)

    target, fresh = with_head(seed=2), with_head(seed=2)
    assert start_from(target, plain, path="a") == "weights from a; the auxiliary head is new"
    for layer in target.layers:
        if layer.weights:
            of_head = layer.name.startswith("auxiliary")
            assert_same(layer, (fresh if of_head else plain).get_layer(layer.name))

    target = with_head(seed=2, outputs=5)
    line = start_from(target, loaded, path="a")
    assert "; the head is new, as the number" in line
    assert line.endswith("; the auxiliary head is new")


@pytest.mark.parametrize(
    "change", [{"width": 3}, {"depth": 2}, {"upsampling": "pixel_shuffle"}], ids=str
)
def test_another_net_is_refused_in_one_line(run, change):
    with pytest.raises(UserError, match=r"train\.init_from=some/run: .*model\.width") as caught:
        start_from(net(**change), load_net(run), path="some/run")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_a_file_that_is_none_is_named_in_one_line(tmp_path, content):
    path = tmp_path / "weights.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"weights\.keras") as caught:
        load_net(path)
    assert "\n" not in str(caught.value)


def test_a_directory_without_weights_is_named(tmp_path):
    with pytest.raises(UserError, match="no weights there"):
        load_net(tmp_path)


@pytest.mark.parametrize("damage", ["half", "first", "middle", "end", "zeros"])
def test_a_damaged_file_is_named_in_one_line(run, tmp_path, damage):
    data = bytearray((run / "best.keras").read_bytes())
    if damage == "half":
        data = data[: len(data) // 2]
    elif damage == "zeros":
        data = bytearray(len(data))
    else:
        start = {"first": 0, "middle": len(data) // 2, "end": len(data) - 200}[damage]
        data[start : start + 200] = bytes(200)
    path = tmp_path / "best.keras"
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"best\.keras: cannot be read as a Keras model") as raised:
        load_net(path)
    assert "\n" not in str(raised.value)
