"""The settings files that come with the project."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from kerasseg.commands.main import build_parsers
from kerasseg.config import Config, load_config
from kerasseg.config.words import SETTINGS, section_of, setting_values
from kerasseg.errors import UserError

PROJECT = Path(__file__).resolve().parents[2]
FILES = sorted((PROJECT / "configs").glob("*.yaml"))


def test_there_is_one_for_each_data_set_and_the_u_net_of_camvid():
    assert [path.stem for path in FILES] == [
        "camvid",
        "camvid_unet",
        "cityscapes",
        "folders",
        "streets",
    ]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_it_loads_under_its_own_name_without_a_budget(path):
    config = load_config(path)
    assert (config.name, config.data.name) == (path.stem, path.stem.removesuffix("_unet"))
    assert config.run_dir is None
    assert config.train.minutes is None


def test_it_names_what_differs_from_the_defaults_in_the_order_of_the_schema(path):
    names = []
    for key, value in yaml.safe_load(path.read_text()).items():
        is_block = section_of(Config.model_fields[key]) is not None
        names += [f"{key}.{inner}" for inner in value] if is_block else [key]
    defaults, values = setting_values(Config()), setting_values(load_config(path))
    assert names == [name for name in SETTINGS if values[name] != defaults[name]]


def test_its_name_is_enough_in_any_folder(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / path.stem).mkdir()  # a folder is no settings file
    assert load_config(path.stem) == load_config(path)


def test_a_file_that_exists_wins_over_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camvid").write_text("seed: 7\n")
    assert load_config("camvid").seed == 7


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("camvit", "; did you mean camvid?"),
        ("configs/camvid.yaml", "; did you mean camvid?"),
        ("none.yaml", ""),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(name, near, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        load_config(name)
    assert str(caught.value) == (
        f"{name}: no such file, allowed: a settings file in YAML or one of camvid, camvid_unet, "
        f"cityscapes, folders, streets{near}"
    )


def test_its_header_says_what_it_costs_and_its_command_runs_it(path, monkeypatch):
    monkeypatch.chdir(PROJECT)
    header = dict(re.findall(r"^# (command|time|hardware|score): (\S.*)$", path.read_text(), re.M))
    assert list(header) == ["command", "time", "hardware", "score"]
    program, script, *arguments = shlex.split(header["command"])
    assert (program, script) == ("python", "train.py")
    args = build_parsers("kerasseg")[1]["train"].parse(arguments)
    # Where the data lies, how long it may take and what is fast on that CPU are all it adds.
    added = {setting.split("=")[0] for setting in args.settings}
    assert added <= {"data.root", "train.minutes", "train.steps", "train.precision"}
    assert load_config(args.config, args.settings) == load_config(path, args.settings)


def test_cityscapes_is_the_reference():
    config = load_config(PROJECT / "configs" / "cityscapes.yaml")
    assert config.data.image_size == (512, 1024)
    # Crops of 640 x 1280, 768 x 1536 and 1024 x 2048 out of 1024 x 2048.
    assert [round(1024 * stage.crop_scale) for stage in config.train.stages] == [640, 768, 1024]
    assert (config.model.width, config.model.depth, config.model.padding) == (64, 4, "reflect")
    # PyTorch's momentum 0.1 counts the new statistics, Keras' the old ones.
    assert config.model.batch_norm_momentum == pytest.approx(1 - 0.1)
    assert config.model.batch_norm_epsilon == 1e-5
    assert (config.model.branches, config.model.dropout_rate) == (3, 0.3)
    assert (config.loss.boundary_weight, config.loss.boundary_mode) == (2, "outer")
    # The reference sums the cross entropy over its batch and averages the variance: its C is 1.
    assert config.loss.uncertainty_weight * config.train.batch_size == 1
    assert (config.optimizer.name, config.optimizer.learning_rate) == ("adam", 1e-3)
    assert (config.optimizer.schedule, config.optimizer.warmup) == ("constant", 0)
    jitter = (config.augment.brightness, config.augment.contrast, config.augment.saturation)
    assert (config.augment.flip, *jitter) == (False, 0, 0, 0)
