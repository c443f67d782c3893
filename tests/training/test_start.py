"""How the processes of a run come to the same start; two of them are two threads here."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest

from kerasseg.config import load_config
from kerasseg.data.curriculum import plan_epochs
from kerasseg.errors import UserError
from kerasseg.labels import cityscapes_labels
from kerasseg.runs.directory import RunDirectory
from kerasseg.training import start
from kerasseg.training.cluster import Cluster
from kerasseg.training.replicas import ReplicaGroup
from kerasseg.training.start import open_run
from kerasseg.training.state import Progress, save_state
from tests.training.small_segmenter import small_segmenter

PLAN = plan_epochs([(1.0, 2)], images=4, batch_size=2)


class Meeting:
    """Where two threads add up numbers, as two processes do with an all-reduce."""

    def __init__(self):
        self.numbers = [0.0, 0.0]
        self.barrier = threading.Barrier(2, timeout=60)

    def sum(self, index: int, number: float) -> float:
        self.numbers[index] = float(number)
        self.barrier.wait()
        total = sum(self.numbers)
        self.barrier.wait()
        return total


class ThreadTeam(ReplicaGroup):
    def __init__(self, index: int, meeting: Meeting):
        super().__init__(None, Cluster(index, 2, "a:1"))
        self._sum = lambda number: meeting.sum(index, number)


def open_two(folders, config):
    """What each of two processes gets: its Progress or the UserError; the first one is chief."""
    meeting = Meeting()

    def one(index):
        session = SimpleNamespace(
            config=config,
            group=ThreadTeam(index, meeting),
            segmenter=small_segmenter(),
            catalog=SimpleNamespace(
                label_set=cityscapes_labels(void="background"), native_size=(64, 128), one_size=True
            ),
            data_key="abc",
            device=SimpleNamespace(precision="float32", jit=False),
            plan=lambda **settings: PLAN,
        )
        try:
            run = RunDirectory(folders[index])
            return open_run(run, session, step=None, fresh=False, started=0.0)
        except UserError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, range(2)))


def progress(step):
    return Progress(PLAN, planned_by_budget=False, data_key="abc", step=step)


@pytest.fixture
def config():
    return load_config(None, ["data.root=nowhere"])


@pytest.fixture
def folders(tmp_path):
    return tmp_path / "chief", tmp_path / "worker"


@pytest.fixture
def naps(monkeypatch):
    """What happens while the processes wait: a list of calls, made by whoever sleeps."""
    made, lock = [], threading.Lock()

    def sleep(seconds):
        with lock:
            for call in made:
                call()

    monkeypatch.setattr(start, "time", SimpleNamespace(sleep=sleep))
    return made


def refresh(folders):
    """The worker's machine asks the server again."""
    shutil.copytree(*folders, dirs_exist_ok=True)


def test_a_new_run_waits_for_a_folder_that_shows_late(folders, config, naps, capsys):
    naps.append(lambda: refresh(folders))
    found = open_two(folders, config)
    assert [one.step for one in found] == [0, 0]
    assert "waiting until all processes see the same" in capsys.readouterr().out
    assert (folders[0] / "labels.json").exists()


def test_a_state_that_shows_late_is_waited_for(folders, config, naps):
    run = RunDirectory(folders[0])
    run.open(config, fresh=False)
    save_state(run.state, small_segmenter(), progress(2))
    refresh(folders)
    save_state(run.state, small_segmenter(), progress(4))
    naps.append(lambda: refresh(folders))
    assert [one.step for one in open_two(folders, config)] == [4, 4]


def test_minutes_that_change_nothing_are_not_passed_over(tmp_path, config, naps, capsys):
    run = RunDirectory(tmp_path / "run")
    run.open(config, fresh=False)
    save_state(run.state, small_segmenter(), progress(2))
    shorter = load_config(None, ["data.root=nowhere", "train.minutes=5"])
    assert [one.step for one in open_two([run.path] * 2, shorter)] == [2, 2]
    said = "train.minutes: was None, 5.0 changes nothing: the plan of 4 steps was made at the start"
    assert capsys.readouterr().out.count(said) == 1
    open_two([run.path] * 2, config)
    assert "train.minutes" not in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["half", "zeros", "middle"])
def test_damaged_best_weights_are_refused_at_the_start_and_not_at_the_end(
    tmp_path, config, naps, damage
):
    run = resumable(tmp_path / "run", config)
    data = bytearray(run.best.read_bytes())
    middle = len(data) // 2
    if damage == "middle":
        data[middle : middle + 50] = bytes(50)
    else:
        data = data[:middle] if damage == "half" else bytearray(len(data))
    run.best.write_bytes(data)
    for error in open_two([run.path] * 2, config):
        assert isinstance(error, UserError)
        assert "best.keras: " in str(error)
        assert "\n" not in str(error)


def test_without_best_weights_those_of_the_epochs_to_come_are_kept(tmp_path, config, naps, capsys):
    run = resumable(tmp_path / "run", config)
    assert [one.best_miou for one in open_two([run.path] * 2, config)] == [0.5, 0.5]
    run.best.unlink()
    assert open_two([run.path] * 2, config)[0].best_miou is None
    assert "is missing; the best weights of the epochs to come are kept" in capsys.readouterr().out


def resumable(path, config):
    """A run with a state of step 2, and weights that scored 0.5."""
    run = RunDirectory(path)
    run.open(config, fresh=False)
    segmenter = small_segmenter()
    run.save_best(segmenter.averaged)
    save_state(run.state, segmenter, replace(progress(2), best_miou=0.5))
    return run


def test_nobody_waits_where_all_see_the_same(tmp_path, config, naps, capsys):
    naps.append(lambda: pytest.fail("slept"))
    assert [one.step for one in open_two([tmp_path / "run"] * 2, config)] == [0, 0]
    assert capsys.readouterr().out == ""


def test_folders_that_stay_different_are_refused(folders, config, naps):
    for error in open_two(folders, config):
        assert isinstance(error, UserError)
        assert "is not the same folder for all processes; run_dir has to" in str(error)
    assert not folders[1].exists()
