"""The settings files that come with the project."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from kerasseg.commands.main import build_parsers
from kerasseg.config import Config, load_config
from kerasseg.config.words import SETTINGS, section_of

PROJECT = Path(__file__).resolve().parents[2]
FILES = sorted((PROJECT / "configs").glob("*.yaml"))


def test_there_is_one_for_each_data_set():
    assert [path.stem for path in FILES] == ["camvid", "cityscapes", "folders", "streets"]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_it_loads_under_its_own_name_without_a_budget(path):
    config = load_config(path)
    assert (config.name, config.data.name) == (path.stem, path.stem)
    assert config.run_dir is None
    assert config.train.minutes is None


def test_it_names_every_setting_that_matters_in_the_order_of_the_schema(path):
    document = yaml.safe_load(path.read_text())
    config = load_config(path)
    names = []
    for key, value in document.items():
        is_block = section_of(Config.model_fields[key]) is not None
        names += [f"{key}.{inner}" for inner in value] if is_block else [key]
    without_effect = set()
    if config.data.name != "streets":
        without_effect |= {"data.draw_train", "data.draw_val", "data.draw_seed"}
    if config.data.name != "folders":
        without_effect.add("data.labels_file")
    if config.optimizer.name != "sgd":
        without_effect.add("optimizer.momentum")
    if config.optimizer.schedule != "polynomial":
        without_effect.add("optimizer.power")
    assert names == [name for name in SETTINGS if name not in without_effect]


def test_its_header_says_what_it_costs_and_its_command_runs_it(path, monkeypatch):
    monkeypatch.chdir(PROJECT)
    header = dict(re.findall(r"^# (command|time|hardware|score): (\S.*)$", path.read_text(), re.M))
    assert list(header) == ["command", "time", "hardware", "score"]
    program, script, *arguments = shlex.split(header["command"])
    assert (program, script) == ("python", "train.py")
    args = build_parsers("kerasseg")[1]["train"].parse(arguments)
    # Where the data lies and how long it may take are all that the command adds.
    added = {setting.split("=")[0] for setting in args.settings}
    assert added <= {"data.root", "train.minutes"}
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
