"""A forked program is a program: arguments, folder, environment, streams, how it ends."""

import os
import signal
import sys

import pytest

from tests.programs import PROJECT, run_program, start_program

TELL = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.getcwd(), os.environ.get("SAID"), __name__]))
print("trouble", file=sys.stderr)
sys.exit(7)
"""


@pytest.mark.parametrize("way", ["script", "module", "command"])
def test_it_gets_what_it_is_given_and_its_end_is_told(way, tmp_path):
    (tmp_path / "tell.py").write_text(TELL)
    program = {
        "script": [tmp_path / "tell.py"],
        "module": ["-m", "tell"],
        "command": ["-c", TELL],
    }[way]
    done = run_program([*program, "a", "b c"], folder=tmp_path, SAID="yes")
    assert (done.returncode, done.stderr) == (7, "trouble\n")
    assert done.stdout == f'[["a", "b c"], "{tmp_path}", "yes", "__main__"]\n'


def test_an_error_is_a_traceback_and_status_1(tmp_path):
    done = run_program(["-c", "import kerasseg; kerasseg.nothing"], folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Traceback")
    assert "nothing" in done.stderr.splitlines()[-1]


def test_a_signal_ends_it(tmp_path):
    program = start_program(["-c", "import time; time.sleep(600)"], folder=tmp_path, session=True)
    assert program.poll() is None
    assert os.getsid(program.pid) == program.pid
    os.kill(program.pid, signal.SIGTERM)
    assert program.communicate() == ("", "")
    assert program.returncode == -signal.SIGTERM


START = """
import subprocess, sys
where = {"cwd": sys.argv[1], "env": {"SAID": "yes"}, "text": True}
done = subprocess.run([sys.executable, "-c", sys.argv[2], "a"], **where, capture_output=True)
print(done.returncode, done.stdout + done.stderr, end="")
echo = [sys.executable, "-c", "import sys; print(sys.stdin.readline(), len(sys.modules) > 999)"]
child = subprocess.Popen(echo, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(child.communicate("heard")[0], child.returncode)
broken = [sys.executable, "-c", "1 / 0"]
print(subprocess.run(broken, stderr=subprocess.PIPE, text=True).stderr.splitlines()[-1])
killed = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
killed.terminate()
print(killed.wait())
"""


def test_what_it_starts_is_forked_too_if_asked(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    done = run_program(["-c", START, inside, TELL], folder=tmp_path, fork_children=True)
    assert (done.returncode, done.stderr) == (0, "")
    first, *others = done.stdout.splitlines()
    assert first == f'7 [["a"], "{inside}", "yes", "__main__"]'
    assert others == [
        "trouble",
        f"heard {sys.platform == 'linux'}",
        " 0",
        "ZeroDivisionError: division by zero",
        "-15",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="programs are forked on Linux alone")
def test_tensorflow_is_there_before_it_begins_and_has_started_no_thread(tmp_path):
    script = (
        "import os, sys; print('tensorflow' in sys.modules, len(os.listdir('/proc/self/task')))"
    )
    assert run_program(["-c", script], folder=tmp_path).stdout == "True 1\n"
    assert PROJECT.joinpath("train.py").is_file()
