"""One training at a time in a run directory, whatever becomes of it."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

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
        host = re.escape(socket.gethostname())
        holder = rf"( \(process {first.pid} on {host}\))?"
        named = rf"runs/a: another training is running there{holder}; wait"
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


def test_the_host_is_named(tmp_path, monkeypatch):
    inode = os.stat(tmp_path).st_ino
    line = f"1: FLOCK  ADVISORY  WRITE 4711 08:01:{inode} 0 EOF\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: line)
    monkeypatch.setattr(socket, "gethostname", lambda: "box7")

    def held(*_):
        raise BlockingIOError

    monkeypatch.setattr(fcntl, "flock", held)
    named = r"another training is running there \(process 4711 on box7\); wait"
    with pytest.raises(UserError, match=named), locked(tmp_path):
        pass
