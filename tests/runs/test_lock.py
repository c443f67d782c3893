"""One training at a time in a run directory, whatever becomes of it."""

import os
import signal
import subprocess
import sys

import pytest

from kerasseg.errors import UserError
from kerasseg.runs.lock import locked

HOLD = """
import sys, time
from pathlib import Path
from kerasseg.runs.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_is_told_who_holds_it_and_a_killed_one_holds_nothing(tmp_path):
    run = tmp_path / "runs" / "a"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "held\n"
        (run / "config.yaml").write_text("")
        named = rf"runs/a: another training is running there( \(process {first.pid}\))?; wait"
        with pytest.raises(UserError, match=named), locked(run):
            pass
        assert os.listdir(run) == ["config.yaml"]
        with locked(tmp_path / "runs" / "b"):  # another run is free
            pass
        first.send_signal(signal.SIGKILL)
    with locked(run):
        pass
    assert os.listdir(run.parent) == ["a"]


def test_one_after_the_other(tmp_path):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), locked(tmp_path / "a"):
            raise ZeroDivisionError
    assert not (tmp_path / "a").exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file/a: cannot be written"), locked(tmp_path / "file/a"):
        pass
