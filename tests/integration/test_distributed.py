"""One device, two devices and two processes train to the same weights; a lost process is survived.

All of it goes over the loopback, on the CPU.
"""

import csv
import json
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from tests.integration.small_run import SMALL
from tests.programs import PROJECT, run_program, start_program

TRAIN = str(PROJECT / "train.py")
BARE = str(PROJECT / "tests" / "integration" / "bare_run.py")
KILLED = str(PROJECT / "tests" / "integration" / "killed_run.py")
TWO_DEVICES = str(PROJECT / "tests" / "integration" / "two_devices.py")
# Dropout, flips, colours and BatchNorm as they are. Not Adam: it makes a step of its full rate out
# of a gradient that is nothing but rounding.
SETTINGS = ("optimizer.name=sgd", "optimizer.learning_rate=0.05", "optimizer.clip_norm=0.5")
# Heartbeats are missed for so long before a process counts as lost; the rest is a busy machine.
NOTICED = 90

pytestmark = pytest.mark.slow


def settings(streets: Path, run_dir: Path) -> list[str]:
    return [f"data.root={streets}", f"run_dir={run_dir}", *SMALL, *SETTINGS]


def run_alone(folder: Path, arguments: list[str]) -> None:
    done = run_program(arguments, folder=folder, XDG_CACHE_HOME=str(folder / "cache"))
    assert done.returncode == 0, done.stderr


def run_two(folder: Path, commands: list[list[str]], *, patience: float = 300):
    """Starts both at once; [(status, output, trouble, seconds after the first ended)] of both."""
    with ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in commands]
        addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in free]
    processes = [
        start_program(
            command,
            folder=folder,
            XDG_CACHE_HOME=str(folder / "cache"),
            TF_CONFIG=json.dumps(
                {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            ),
        )
        for index, command in enumerate(commands)
    ]
    try:
        began = time.monotonic()
        while all(p.poll() is None for p in processes) and time.monotonic() - began < 300:
            time.sleep(0.2)
        first = time.monotonic()
        found = []
        for process in processes:
            output, trouble = process.communicate(timeout=patience)
            found.append((process.returncode, output, trouble, time.monotonic() - first))
        return found
    finally:
        for process in processes:
            process.kill()


def final_state(run: Path) -> dict[str, np.ndarray]:
    with np.load(sorted((run / "state").glob("*.npz"))[-1]) as archive:
        return {name: archive[name] for name in archive.files if name != "meta"}


def assert_same_run(run: Path, expected: Path) -> None:
    """Weights, averages, slots, seeds and running means, history and scores, to 1e-4.

    Gradients are clipped to a norm of 0.5; sums in another order leave them 1e-5 apart, after some
    hundred roundings. A step is 0.05 of that, momentum makes ten of one, and there are 12.
    """
    one, other = final_state(run), final_state(expected)
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], rtol=0, atol=1e-4, err_msg=name)
    tables = []
    for path in (run, expected):
        with (path / "history.csv").open(newline="") as file:
            tables.append(list(csv.DictReader(file)))
    assert len(tables[0]) == len(tables[1]) == 3
    for a, b in zip(*tables, strict=True):
        for column in ("epoch", "steps", "images_seen", "learning_rate"):
            assert a[column] == b[column]
        for column in ("loss", "cross_entropy", "variance", "val_miou", "val_pixel_accuracy"):
            assert float(a[column]) == pytest.approx(float(b[column]), abs=1e-4)
    scores = [json.loads((path / "metrics.json").read_text()) for path in (run, expected)]
    for name in ("miou", "pixel_accuracy", "image_accuracy"):
        assert scores[0][name] == pytest.approx(scores[1][name], abs=1e-4)


@pytest.fixture(scope="module")
def alone(streets, tmp_path_factory):
    """A run on one device."""
    folder = tmp_path_factory.mktemp("alone")
    run_alone(folder, [BARE, *settings(streets, folder / "run")])
    return folder / "run"


def test_two_devices_train_to_the_same_weights(streets, alone, tmp_path):
    command = [TWO_DEVICES, *settings(streets, tmp_path / "run"), "train.distribute=mirrored"]
    run_alone(tmp_path, command)
    assert_same_run(tmp_path / "run", alone)


def test_two_processes_do_and_survive_a_signal_and_a_kill(streets, alone, tmp_path):
    run = tmp_path / "run"
    arguments = settings(streets, run)
    # A scheduler that asks one of them to go: all stop at the same step, with the state saved.
    chief, worker = run_two(
        tmp_path, [[BARE, *arguments], [KILLED, "terminate:3", *arguments]], patience=NOTICED
    )
    assert (chief[0], worker[0]) == (3, 3), chief[2] + worker[2]
    assert "run the same command again" in chief[2]
    assert [path.name[:9] for path in sorted((run / "state").glob("*.npz"))][-1] == "000000003"

    chief, worker = run_two(
        tmp_path, [[BARE, *arguments], [KILLED, "step:4", *arguments]], patience=NOTICED
    )
    assert (chief[0], worker[0]) == (3, -signal.SIGKILL), chief[2]
    assert "resuming after step 3" in chief[1]
    assert "another process was lost" in chief[2]
    assert "Traceback" not in chief[2]
    assert not (run / "metrics.json").exists()

    chief, worker = run_two(tmp_path, [[TRAIN, *arguments]] * 2)
    assert (chief[0], worker[0]) == (0, 0), chief[2] + worker[2]
    assert "resuming after step 6" in chief[1]
    assert "mIoU" in chief[1]
    assert len(worker[1].splitlines()) == 1  # which process it is
    assert_same_run(run, alone)
    assert not [p for p in run.rglob("*") if ".tmp" in p.name]


def test_processes_with_other_settings_are_refused(streets, tmp_path):
    run = tmp_path / "run"
    arguments = [TRAIN, *settings(streets, run)]
    both = run_two(tmp_path, [arguments, [*arguments, "optimizer.learning_rate=0.01"]])
    assert [found[0] for found in both] == [2, 2], both
    for _, _, trouble, _ in both:
        assert "error: the processes do not have the same settings and images" in trouble
        assert "Traceback" not in trouble
    assert not (run / "state").exists()
