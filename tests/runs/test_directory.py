"""Which directory a run may use, and what is in it afterwards."""

import csv

import pytest
import yaml

import kerasseg
from kerasseg.config import Config, load_config
from kerasseg.errors import UserError
from kerasseg.files import write_text
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.history import history_columns, read_history


def config(*overrides) -> Config:
    return load_config(None, list(overrides))


@pytest.fixture
def run(tmp_path):
    """A directory in which a run with the default settings has begun."""
    run = RunDirectory(tmp_path / "run")
    assert run.open(config(), fresh=False) is False
    return run


def contents(folder):
    return {path.name for path in folder.iterdir()}


def test_a_new_one_is_made_with_its_settings_and_where_they_come_from(run):
    assert load_config(run.config, []) == config()
    text = run.config.read_text()
    for word in (
        f"kerasseg {kerasseg.__version__}",
        "tensorflow 2.",
        "keras 3.",
        "numpy ",
        "git commit ",
    ):
        assert word in text
    assert yaml.safe_load(text)["train"]["batch_size"] == 2


def test_a_machine_without_git_trains_too(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    run = RunDirectory(tmp_path / "run")
    run.open(config(), fresh=False)
    assert "\n# git commit unknown\n" in run.config.read_text()


def test_the_same_settings_go_on(run):
    write_text(run.metrics, "{}")
    assert run.open(config(), fresh=False) is True
    assert run.metrics.exists()


@pytest.mark.parametrize(
    "override", ["name=other", "train.minutes=3", "data.workers=1", "data.cache=memory"]
)
def test_settings_that_change_no_result_may_differ(run, override):
    assert run.check(config(override), fresh=False) is True


def test_other_settings_are_refused_and_named(run):
    write_text(run.metrics, "{}")
    other = config("train.batch_size=4", "optimizer.learning_rate=0.1", "name=x")
    with pytest.raises(UserError) as caught:
        run.open(other, fresh=False)
    message = str(caught.value)
    assert str(run.path) in message
    assert "train.batch_size" in message
    assert "optimizer.learning_rate" in message
    assert "name=" not in message
    assert "\n" not in message
    assert load_config(run.config, []) == config()
    assert run.metrics.exists()


def test_fresh_starts_over_with_other_settings(run):
    write_text(run.metrics, "{}")
    other = config("train.batch_size=4")
    assert run.check(other, fresh=True) is False
    assert run.metrics.exists()  # checking touches nothing
    assert run.open(other, fresh=True) is False
    assert contents(run.path) == {"config.yaml"}
    assert load_config(run.config, []).train.batch_size == 4


@pytest.mark.parametrize("fresh", [False, True])
def test_a_directory_of_something_else_is_never_touched(tmp_path, fresh):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="not a run directory"):
        RunDirectory(tmp_path).open(config(), fresh=fresh)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert contents(tmp_path) == {"thesis.txt"}


@pytest.mark.parametrize("fresh", [False, True])
def test_a_file_in_its_place_is_never_touched(tmp_path, fresh):
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(UserError, match="not a run directory"):
        RunDirectory(path).open(config(), fresh=fresh)
    assert path.read_text() == "x"


def test_an_empty_directory_and_a_run_killed_at_birth_are_fine(tmp_path, dead_process):
    assert RunDirectory(tmp_path).open(config(), fresh=False) is False
    other = tmp_path / "killed"
    other.mkdir()
    (other / f".kerasseg-{dead_process}-0123abcd.tmp").write_text("half")
    assert RunDirectory(other).open(config(), fresh=False) is False
    assert contents(other) == {"config.yaml"}


def test_stumps_of_a_killed_run_are_cleared_away_and_nothing_else(run, dead_process):
    mark = f".kerasseg-{dead_process}-0123abcd.tmp"
    for folder in (run.state, run.panels, run.path / mark):
        folder.mkdir()
    leftovers = [run.path / f"{mark}.keras", run.state / mark, run.path / mark / "a.png"]
    kept = [run.best, run.state / "000000001-00000.npz", run.panels / "a.png", run.path / "a.tmp"]
    for path in (*leftovers, *kept):
        path.write_bytes(b"x")
    run.open(config(), fresh=False)
    assert not any(path.exists() for path in leftovers)
    assert not (run.path / mark).exists()
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("terms", [("cross_entropy", "variance"), ("cross_entropy", "a", "b")])
def test_the_history_is_a_table_with_one_row_per_epoch_and_a_column_for_each_term(run, terms):
    columns = history_columns(terms)
    rows = [dict.fromkeys(columns, str(i)) for i in range(3)]
    run.write_history(rows, terms=terms)
    run.write_history(rows[:2], terms=terms)
    with run.history.open(newline="") as file:
        assert list(csv.DictReader(file)) == rows[:2]
    assert run.history.read_text().splitlines()[0] == ",".join(columns)
    assert read_history(run.history) == (terms, tuple(rows[:2]))


def test_the_best_weights_appear_whole(run):
    class Net:
        def save(self, path):
            assert path != run.best
            assert path.suffix == ".keras"
            path.write_bytes(b"weights")

    run.save_best(Net())
    assert run.best.read_bytes() == b"weights"
    assert contents(run.path) == {"config.yaml", "best.keras"}


def test_fresh_removes_a_run_and_nothing_else(tmp_path):
    from kerasseg.config import load_config

    config = load_config(None, [f"run_dir={tmp_path / 'run'}"])
    run = RunDirectory(config.run_path)
    run.open(config, fresh=False)
    run.state.mkdir()
    (run.state / "old.npz").write_bytes(b"old")
    for file in (run.metrics, run.resources, run.anomalies("0123")):
        file.write_text("{}")
    (run.path / "letter.txt").write_text("mine")
    assert run.open(config, fresh=True) is False
    assert sorted(entry.name for entry in run.path.iterdir()) == ["config.yaml", "letter.txt"]
