"""How a command ends: the exit status, and what is printed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kerasseg.errors import Interrupted, UserError, interrupted_by_sigterm, run_command

PROJECT = Path(__file__).resolve().parents[1]


def test_the_exit_status(capsys):
    def raises(error):
        def function():
            raise error

        return function

    assert run_command(lambda: None) == 0
    assert run_command(lambda: 1) == 1
    assert run_command(raises(SystemExit(0))) == 0
    assert capsys.readouterr() == ("", "")
    assert run_command(raises(UserError("a\nb"))) == 2
    assert capsys.readouterr() == ("", "error: a\nerror: b\n")
    assert run_command(raises(UserError("é [/b] \x1b[2J \udcff\x85"))) == 2
    assert capsys.readouterr() == ("", "error: é [/b] \\x1b[2J \\udcff\\x85\n")
    for error in (Interrupted(), KeyboardInterrupt()):
        assert run_command(raises(error)) == 3
        message = "interrupted; run the same command again to continue\n"
        assert capsys.readouterr() == ("", message)
    assert run_command(raises(ValueError("x"))) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Traceback")
    assert err.endswith("ValueError: x\n")
    with pytest.raises(SystemExit):
        run_command(raises(SystemExit(1)))


def test_sigterm_is_an_interruption_where_it_is_asked_for():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted), interrupted_by_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_reader_that_goes_away_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-c", f"{_ENDLESS}"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 3


_ENDLESS = """
import itertools, sys
from kerasseg.errors import run_command
def talk():
    for i in itertools.count():
        print(i)
sys.exit(run_command(talk))
"""
