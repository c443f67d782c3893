import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kerasseg.config import (
    Config,
    DataConfig,
    Stage,
    differing_settings,
    dump_config,
    load_config,
)
from kerasseg.config.load import MAY_DIFFER_ON_RESUME
from kerasseg.config.words import SETTINGS, allowed_text, setting_values
from kerasseg.errors import UserError

# Written down once more, by hand: other programs rely on these names and values, not on new ones.
DEFAULTS = """
name: streets
run_dir: null
seed: 0
data: {name: streets, root: data/streets, image_size: [128, 256], max_images: null, cache: none,
  cache_dir: null, workers: null, labels_file: null, draw_train: 400, draw_val: 80, draw_seed: 0}
labels: {void: background}
model: {encoder: unet, encoder_weights: none, encoder_batch_norm: train, width: 64, depth: 4,
  decoder_channels: null, auxiliary_stride: 16, padding: reflect, upsampling: transposed,
  dropout_rate: 0.3, branches: 3, batch_norm_momentum: 0.9, batch_norm_epsilon: 0.00001,
  batch_norm_sync: true}
loss: {boundary_weight: 2.0, boundary_mode: outer, boundary_width: 1, uncertainty_weight: 0.5,
  variance: sampled, variance_of: logits, gate_gradient: true, class_weights: none,
  class_weight_power: 1.0, focal_gamma: 0.0, hard_pixels: 1.0, label_smoothing: 0.0, dice: 0.0,
  lovasz: 0.0, auxiliary: 0.0}
augment: {flip: true, brightness: 0.0, contrast: 0.0, saturation: 0.0}
optimizer: {name: adam, learning_rate: 0.001, schedule: constant, warmup: 0.0, power: 0.9,
  weight_decay: 0.0, momentum: 0.9, clip_norm: null, average_decay: null}
train: {batch_size: 2, minutes: null, steps: null, precision: auto, jit: auto, distribute: auto,
  gpu_memory: null, save_every: 200, validate_every: 1, init_from: null, panels: 8,
  stages: [{crop_scale: 0.6, epochs: 8}, {crop_scale: 0.75, epochs: 8},
    {crop_scale: 1.0, epochs: 8}]}
serving: {scale: null, max_pixels: 33554432, tile: 2048}
"""


def of(*overrides: str) -> Config:
    return load_config(None, overrides)


def test_defaults(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(DEFAULTS)
    assert load_config(path) == Config()


def test_every_setting_says_what_it_means_and_what_it_takes():
    for name, field in SETTINGS.items():
        assert field.description, name
        assert allowed_text(field), name


def test_a_config_is_frozen_and_hashable():
    config = of("train.stages=[{crop_scale: 1, epochs: 3}]")
    assert hash(config) == hash(of("train.stages=[{crop_scale: 1.0, epochs: 3}]"))
    with pytest.raises(ValidationError, match="frozen"):
        config.train.batch_size = 3


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "train:\ndata:\n  # root: x\n"])
def test_what_a_file_leaves_out_is_the_default(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert load_config(path, []) == Config() == load_config(None)


def test_the_command_line_overrides_the_file_and_its_last_word_counts(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("\ufeffseed: 1\ntrain: {batch_size: 4, panels: 2}\n", encoding="utf-8")
    overrides = ["train.batch_size=6", "train.batch_size=8", "name=x"]
    config = load_config(str(path), overrides)
    assert (config.seed, config.name) == (1, "x")
    assert (config.train.batch_size, config.train.panels) == (8, 2)


def test_values_on_the_command_line_are_yaml():
    config = of(
        "train.stages=[{crop_scale: 0.6, epochs: 2}]",
        "run_dir=runs/x=y",
        "data.max_images=null",
        "data.image_size=[64, 96]",
        "train.jit=true",
        'name="1e3"',
        "data.cache_dir=",
    )
    assert config.train.stages == (Stage(crop_scale=0.6, epochs=2),)
    assert config.run_dir == "runs/x=y"
    assert config.data.max_images is None
    assert config.data.image_size == (64, 96)
    assert config.train.jit is True
    assert config.name == "1e3"
    assert config.data.cache_dir is None


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "1.0e-3", "0.001", ".001", "+0.1e-2"])
def test_yaml_1_2_numbers(text):
    assert of(f"optimizer.learning_rate={text}").optimizer.learning_rate == 0.001


@pytest.mark.parametrize("text", ["no", "on", "2024-05-01", "1_000", "0x10", "010", "1.2.3"])
def test_only_yaml_1_1_takes_these_for_something_else_than_text(text):
    assert of(f"name={text}").name == text


@pytest.mark.parametrize("text", ["0x10", "010", "1_000", "true", "1.0", "'4'", "[4]", "1:30", ""])
def test_no_integer(text):
    with pytest.raises(UserError, match=r"^command line: train\.batch_size: found"):
        of(f"train.batch_size={text}")


@pytest.mark.parametrize("text", ["true", "'1'", ".inf", "-.inf", ".nan", "1e999", "9" * 400, ""])
def test_no_number(text):
    with pytest.raises(UserError, match=r"^command line: loss\.boundary_weight: found"):
        of(f"loss.boundary_weight={text}")


def test_an_integer_is_a_number():
    weight = of("loss.boundary_weight=3").loss.boundary_weight
    assert (weight, type(weight)) == (3.0, float)


@pytest.mark.parametrize(
    ("setting", "good", "bad"),
    [
        ("seed", [0, 2**31 - 1], [-1, 2**31]),
        ("data.image_size", [[1, 8192]], [[0, 8], [8, 8193], [8], [8, 8, 8], 8]),
        ("data.max_images", [1, "null"], [0]),
        ("data.workers", [1, "null"], [0]),
        ("model.width", [1, 1024], [0, 1025]),
        ("model.depth", [1, 6], [0, 7]),
        ("model.dropout_rate", [1e-9, 0.999], [0, 1]),
        ("model.branches", [2, 16], [1, 17]),
        ("model.batch_norm_momentum", [0, 0.999], [-0.1, 1]),
        ("model.batch_norm_epsilon", [1e-9], [0]),
        ("loss.boundary_weight", [0], [-0.1]),
        ("loss.boundary_width", [1, 32], [0, 33]),
        ("loss.uncertainty_weight", [0], [-1]),
        ("loss.gate_gradient", ["true", "false"], [0, 1, "'true'", "null"]),
        ("loss.class_weight_power", [0.01, 1], [0, 1.1]),
        ("optimizer.warmup", [0, 0.99], [-0.1, 1]),
        ("optimizer.clip_norm", [0.1, "null"], [0]),
        ("optimizer.average_decay", [0.1, 0.999, "null"], [0, 1]),
        ("train.minutes", [0.1, "null"], [0]),
        ("train.steps", [1, "null"], [0, 1.5]),
        ("train.jit", ["auto", "true", "false"], [0, 1, "null", "on"]),
        ("train.panels", [0], [-1]),
        ("train.stages", ["[{crop_scale: 1, epochs: 1}]"], ["[]", "null", "{}"]),
        ("data.root", ["a", "' '"], ["", "''", 3, r'"a\0b"']),
        ("name", ["..a", ".a", "-a", "A_b.c-9"], [".", "..", "''", "a/b", "a b", "é", "a" * 101]),
    ],
)
def test_ranges(setting, good, bad):
    for value in good:
        of(f"{setting}={value}")
    for value in bad:
        with pytest.raises(UserError, match=setting):
            of(f"{setting}={value}")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("data//a/", "data/a"), ("./a", "a"), ("~/a", "/home/me/a"), ("gs://b//c/", "gs://b//c/")],
)
def test_paths_are_tidied(monkeypatch, given, kept):
    monkeypatch.setenv("HOME", "/home/me")
    assert DataConfig(root=given).root == kept


def test_run_path():
    assert str(of("name=a").run_path) == "runs/a"
    assert str(of("name=a", "run_dir=../b").run_path) == "../b"


def plain_text(**keywords):
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), **keywords)


paths = plain_text(min_size=1, max_size=12)
shares = st.floats(0, 1, exclude_min=True, exclude_max=True)
positive = st.floats(0, exclude_min=True, allow_infinity=False)
stages = st.lists(
    st.fixed_dictionaries({"crop_scale": shares, "epochs": st.integers(1, 10**6)}), min_size=1
)
configs = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"\A[A-Za-z0-9._-]{0,20}[A-Za-z0-9_-]\Z"),
        "run_dir": st.none() | paths,
        "seed": st.integers(0, 2**31 - 1),
        "data": st.fixed_dictionaries(
            {
                "root": paths | st.sampled_from(["null", "~", "1e-3", "no", "2024-05-01", "- a"]),
                "image_size": st.lists(st.integers(1, 8192), min_size=2, max_size=2),
                "max_images": st.none() | st.integers(1),
            }
        ),
        "augment": st.fixed_dictionaries({"flip": st.booleans()}),
        "optimizer": st.fixed_dictionaries(
            {
                "name": st.sampled_from(["adam", "adamw", "sgd"]),
                "learning_rate": positive,
                "clip_norm": st.none() | positive,
            }
        ),
        "train": st.fixed_dictionaries(
            {"stages": stages, "jit": st.sampled_from(["auto", True, False])}
        ),
    }
).map(Config.model_validate)


@given(configs)
def test_what_is_dumped_loads_back_equal(tmp_path_factory, config):
    path = tmp_path_factory.getbasetemp() / "dumped.yaml"
    path.write_text(dump_config(config), encoding="ascii")
    assert load_config(path, []) == config


def test_a_dump_reads_well_and_in_the_order_of_the_schema():
    text = dump_config(
        of("train.stages=[{crop_scale: 0.5, epochs: 2}, {crop_scale: 1, epochs: 1}]")
    )
    assert text.startswith("name: streets\nrun_dir: null\nseed: 0\n\ndata:\n  name: streets\n")
    assert "  image_size: [128, 256]\n" in text
    assert "- {crop_scale: 0.5, epochs: 2}\n  - {crop_scale: 1.0, epochs: 1}\n" in text
    document = yaml.safe_load(text)
    assert list(document) == list(Config.model_fields)
    assert list(document["data"]) == list(DataConfig.model_fields)


@pytest.mark.parametrize("setting", sorted(MAY_DIFFER_ON_RESUME))
def test_settings_that_change_no_result_do_not_differ(setting):
    other = {"name": "b", "run_dir": "r", "data.cache": "memory", "data.cache_dir": "c"}
    other |= {"serving.tile": 512, "train.distribute": "none", "train.mlflow": "m.db"}
    assert differing_settings(of(), of(f"{setting}={other.get(setting, 3)}")) == []


def test_every_other_setting_differs():
    changed = {"data.name": "camvid", "data.image_size": "[8, 8]", "labels.void": "ignore"}
    changed |= {"train.stages": "[{crop_scale: 1, epochs: 1}]", "train.precision": "float32"}
    changed |= {"augment.scale": "[0.5, 2]", "augment.jpeg": "[30, 90]"}
    changed |= {"model.decoder_channels": "[4, 4, 4, 4]", "model.auxiliary_stride": "8"}
    changed |= {"train.accumulate": 2}  # divides the batch
    beside = {"model.encoder_weights": ["model.encoder=resnet50"]}  # not allowed by itself
    for name, default in setting_values(Config()).items():
        if name in MAY_DIFFER_ON_RESUME:
            continue
        words = [w for w in allowed_text(SETTINGS[name]).split(" | ") if w != str(default)]
        if not words:  # the only value there is
            continue
        if isinstance(default, bool):
            value = str(not default).lower()
        elif isinstance(default, str) and "path" not in words:
            value = changed.get(name, words[0])
        elif isinstance(default, float):
            value = 0.25
        else:
            value = changed.get(name, 0.5 if "number" in words[0] else 5)
        value = "other" if "path" in words else value
        others = beside.get(name, [])
        assert differing_settings(of(*others), of(*others, f"{name}={value}")) == [name]


@pytest.mark.parametrize(
    ("old", "new", "may_continue"),
    [
        ([(0.5, 2)], [(0.5, 2)], True),
        ([(0.5, 2)], [(0.5, 3)], True),
        ([(0.5, 2)], [(0.5, 1)], False),
        ([(0.5, 2)], [(0.6, 2)], False),
        ([(0.5, 2)], [(0.5, 2), (1.0, 1)], True),
        ([(0.5, 2), (1.0, 1)], [(0.5, 2)], False),
        ([(0.5, 2), (1.0, 1)], [(1.0, 1), (0.5, 2)], False),
        ([(0.5, 2), (1.0, 1)], [(0.5, 4), (1.0, 1), (1.0, 9)], True),
    ],
)
def test_stages_may_get_longer_and_more(old, new, may_continue):
    a, b = (
        Config.model_validate({"train": {"stages": [{"crop_scale": c, "epochs": e} for c, e in s]}})
        for s in (old, new)
    )
    assert differing_settings(a, b) == ([] if may_continue else ["train.stages"])


@given(configs)
def test_no_config_differs_from_itself(config):
    assert differing_settings(config, config) == []
    assert math.isfinite(config.optimizer.learning_rate)
