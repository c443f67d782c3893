"""What the user can mend: exit status 2, a line that names the file or setting, no traceback."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.integration.small_run import SMALL
from tests.programs import PROJECT

TRAIN = str(PROJECT / "train.py")
BARE = str(PROJECT / "tests" / "integration" / "bare_run.py")


@pytest.fixture
def tree(streets, tmp_path) -> Path:
    """A copy of the drawn scenes that a test may damage."""
    return Path(shutil.copytree(streets, tmp_path / "tree"))


def image_and_label(tree: Path) -> tuple[Path, Path]:
    image = sorted(tree.glob("leftImg8bit/train/*/*.png"))[0]
    name = image.name.replace("_leftImg8bit", "_gtFine_labelIds")
    return image, tree / "gtFine" / "train" / image.parent.name / name


def assert_refused(done, *words: str) -> None:
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr + done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0], lines[0]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("train.batch_sise=4", ("train.batch_sise", "did you mean train.batch_size")),
        ("train.batch_size=true", ("train.batch_size", "true")),
        ("train.batch_size=2.0", ("train.batch_size", "2.0")),
        ("train.batch_size=0", ("train.batch_size", "0")),
        ("model.dropout_rate=1.5", ("model.dropout_rate", "1.5")),
        ("loss.variance=sampeled", ("loss.variance", "did you mean sampled")),
        ("data.root=nowhere data.name=camvid", ("nowhere",)),
        ("train.init_from=nowhere", ("nowhere",)),
    ],
)
def test_a_bad_setting(setting, words, streets, run_command, tmp_path):
    arguments = [f"data.root={streets}", "run_dir=run", *SMALL, *setting.split()]
    assert_refused(run_command(TRAIN, *arguments), *words)
    assert not (tmp_path / "run").exists()


def test_a_missing_config(run_command):
    assert_refused(run_command(TRAIN, "--config", "no.yaml"), "no.yaml")


def test_broken_yaml(run_command, tmp_path):
    (tmp_path / "bad.yaml").write_text("train: {batch_size: 2\n")
    assert_refused(run_command(TRAIN, "--config", "bad.yaml"), "bad.yaml")


def test_a_key_given_twice(run_command, tmp_path):
    (tmp_path / "twice.yaml").write_text("seed: 1\nseed: 2\n")
    assert_refused(run_command(TRAIN, "--config", "twice.yaml"), "twice.yaml", "seed")


def _no_label(image: Path, label: Path) -> str:
    label.unlink()
    return label.name


def _truncated(image: Path, label: Path) -> str:
    image.write_bytes(image.read_bytes()[:2000])
    return image.name


def _other_size(image: Path, label: Path) -> str:
    Image.fromarray(np.full((20, 30), 7, np.uint8)).save(label)
    return label.name


def _unknown_id(image: Path, label: Path) -> str:
    ids = np.array(Image.open(label))
    ids[3, 4] = 77
    Image.fromarray(ids).save(label)
    return label.name


@pytest.mark.parametrize("damage", [_no_label, _truncated, _other_size, _unknown_id])
def test_damaged_data(damage, tree, run_command, tmp_path):
    name = damage(*image_and_label(tree))
    done = run_command(TRAIN, f"data.root={tree}", "data.name=cityscapes", "run_dir=run", *SMALL)
    assert_refused(done, name)
    assert not (tmp_path / "run").exists()


def test_an_empty_split(tree, run_command):
    shutil.rmtree(tree / "leftImg8bit" / "val")
    (tree / "leftImg8bit" / "val").mkdir()
    done = run_command(TRAIN, f"data.root={tree}", "data.name=cityscapes", *SMALL)
    assert_refused(done, "val")


def test_a_run_of_another_configuration(streets, run_command, tmp_path):
    from kerasseg.config import dump_config, load_config

    (tmp_path / "run").mkdir()
    settings = [f"data.root={streets}", "run_dir=run", *SMALL]
    (tmp_path / "run" / "config.yaml").write_text(dump_config(load_config(None, settings)))
    changed = [*settings, "seed=3", "loss.boundary_weight=5"]
    done = run_command(TRAIN, "--config", str(PROJECT / "configs" / "streets.yaml"), *changed)
    assert done.returncode == 2
    assert "seed" in done.stderr
    assert "loss.boundary_weight" in done.stderr


def test_a_directory_that_is_no_run(streets, run_command, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("mine")
    done = run_command(TRAIN, f"data.root={streets}", "run_dir=run", *SMALL)
    assert_refused(done, "run", "not a run directory")
    assert (tmp_path / "run" / "letter.txt").read_text() == "mine"


@pytest.mark.parametrize("change", ["path.unlink()", "path.write_bytes(path.read_bytes()[:500])"])
def test_an_image_that_vanishes_or_breaks_while_a_run_trains(tree, run_command, tmp_path, change):
    path = sorted(tree.rglob("leftImg8bit/train/**/*.png"))[0]
    program = f"""
import runpy
from pathlib import Path
from kerasseg.training import step
path, run_step = Path({str(path)!r}), step.StepClock.run

def run(self, *arguments, **options):
    if path.exists() and len(path.read_bytes()) > 500:
        {change}
    return run_step(self, *arguments, **options)

step.StepClock.run = run
runpy.run_path({BARE!r}, run_name="__main__")
"""
    stages = "train.stages=[{crop_scale: 1.0, epochs: 30}]"
    settings = [f"data.root={tree}", f"run_dir={tmp_path / 'run'}", *SMALL, stages]
    done = run_command("-c", program, *settings, "data.cache=none")  # what is kept is not read
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {path}: ")
