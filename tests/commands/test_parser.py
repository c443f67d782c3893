import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kerasseg.backend import quiet_tensorflow
from kerasseg.commands.parser import CommandParser, whole_number
from kerasseg.config import Config, load_config
from kerasseg.config.help_text import settings_help
from kerasseg.config.words import SETTINGS, allowed_text
from kerasseg.errors import Interrupted, UserError, run_command

PROJECT = Path(__file__).resolve().parents[2]
TRAIN = [str(PROJECT / "train.py")]
MODULE = ["-m", "kerasseg"]


def run(command: list[str], *arguments: str, cwd: Path = PROJECT) -> subprocess.CompletedProcess:
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [sys.executable, *command, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture
def parser():
    parser = CommandParser(prog="prog", arguments="[key=value ...]", description="Does it.")
    parser.add_settings(PROJECT / "configs" / "streets.yaml")
    parser.add_argument("--fresh", action="store_true")
    return parser


@pytest.mark.parametrize(
    "argv",
    [
        ["--config", "a.yaml", "seed=1", "name=b", "--fresh"],
        ["seed=1", "--fresh", "name=b", "--config=a.yaml"],
        ["--fresh", "seed=1", "--config", "a.yaml", "name=b"],
    ],
)
def test_options_and_settings_in_any_order(parser, argv):
    args = parser.parse(argv)
    assert (args.config, args.settings, args.fresh) == (Path("a.yaml"), ["seed=1", "name=b"], True)


def test_nothing_given(parser):
    args = parser.parse([])
    assert (args.settings, args.fresh) == ([], False)
    assert args.config.resolve() == PROJECT / "configs" / "streets.yaml"


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        (["--confg", "a.yaml"], ["--confg: no such option; did you mean --config?"]),
        (["--conf=a.yaml"], ["--conf: no such option; did you mean --config?"]),
        (["--train.panels=4"], ["--train.panels=4: no such option; did you mean train.panels=4?"]),
        (["-z", "a=b", "--qq"], ["-z: no such option", "--qq: no such option"]),
        (["--config"], ["--config: expected one argument (see prog --help)"]),
        (["--fresh=1"], ["--fresh: ignored explicit argument '1' (see prog --help)"]),
    ],
)
def test_wrong_options(parser, argv, lines):
    with pytest.raises(UserError) as caught:
        parser.parse(argv)
    assert str(caught.value).splitlines() == lines


def test_without_a_default_a_config_is_required():
    parser = CommandParser(prog="prog", arguments="", description="")
    parser.add_settings(None)
    with pytest.raises(UserError, match="required: --config"):
        parser.parse(["seed=1"])


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "x", "", "11"])
def test_whole_number(text):
    parser = CommandParser(prog="prog", arguments="", description="")
    parser.add_argument("--number", type=whole_number(1, 10))
    assert parser.parse(["--number", "10"]).number == 10
    with pytest.raises(UserError, match=f"--number: found {text}, allowed: integer from 1 to 10"):
        parser.parse([f"--number={text}"])


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


def test_quiet_tensorflow(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    quiet_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"  # who asks for the log gets it
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    quiet_tensorflow()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"


LOAD = "from kerasseg.backend import load_tensorflow; load_tensorflow()"


def test_tensorflow_loads_without_a_word():
    result = run(["-c", f"{LOAD}; import sys; assert 'tensorflow' in sys.modules; 1 / 0"])
    assert result.stderr.startswith("Traceback")  # and standard error is back in place
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_tensorflow_that_does_not_load_says_why(tmp_path):
    (tmp_path / "tensorflow.py").write_text(
        "import os\nos.write(2, b'no such library\\n')\nraise ImportError('broken')\n"
    )
    result = run(["-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {LOAD}"])
    assert result.stderr.startswith("no such library\nTraceback")
    assert result.stderr.endswith("ImportError: broken\n")


@pytest.mark.parametrize("width", [20, 60, 80, 100])
def test_the_help_names_every_setting_and_fits(width):
    text = settings_help(width)
    assert max(map(len, text.splitlines())) <= max(width, 80)
    assert text.isascii()
    flat = " ".join(text.split())
    for name, field in SETTINGS.items():
        assert f" {name}=" in flat
        assert allowed_text(field) in flat
        assert field.description in flat


def test_the_help_shows_the_defaults_as_they_are_typed():
    lines = settings_help(200).splitlines()
    shown = [line.strip().partition("  ")[0] for line in lines if line.startswith("  ")]
    shown = [text for text in shown if text.partition("=")[0] in SETTINGS]
    assert len(shown) == len(SETTINGS)
    changed = [f"{name}={value}" for name, value in (("seed", 1), ("train.stages", "[]"))]
    assert load_config(None, changed + shown) == Config()


def test_train_help_needs_no_tensorflow():
    script = (
        "import runpy, sys\n"
        f"sys.argv = [{TRAIN[0]!r}, '--help']\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as stop:\n    assert stop.code == 0, stop.code\n"
        "slow = {'tensorflow', 'keras', 'numpy'} & set(sys.modules)\n"
        "assert not slow, slow\n"
    )
    result = run(["-c", script])
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: python train.py [--config FILE] [key=value ...]")
    assert "--print-config" in result.stdout
    assert "train.batch_size=2 " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_print_config_from_another_folder(tmp_path):
    (tmp_path / "a.yaml").write_text("seed: 7\n")
    result = run(TRAIN, "train.panels=3", "--config", "a.yaml", "--print-config", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.yaml"]
    assert load_config(None, []).model_dump(mode="json") | {"seed": 7, "train": {}} == (
        yaml.safe_load(result.stdout) | {"train": {}}
    )
    (tmp_path / "b.yaml").write_text(result.stdout)
    assert load_config(tmp_path / "b.yaml") == load_config(tmp_path / "a.yaml", ["train.panels=3"])
    result = run(TRAIN, "--print-config", cwd=tmp_path)
    assert yaml.safe_load(result.stdout)["name"] == "streets"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ([*TRAIN, "train.batch_sise=4"], "did you mean train.batch_size?"),
        ([*TRAIN, "batch"], 'found "batch", allowed: key=value or an option'),
        ([*TRAIN, "--config", "none.yaml"], "none.yaml: no such file"),
        ([*TRAIN, "--confg", "none.yaml"], "did you mean --config?"),
        ([*MODULE], "found no command, allowed: check | streets"),
        ([*MODULE, "chek"], "chek: no such command; did you mean check?"),
        ([*MODULE, "check", "seed=1"], "required: --config"),
        ([*MODULE, "check", "--config", "none.yaml"], "none.yaml: no such file"),
        ([*MODULE, "streets"], "required: DIR"),
        ([*MODULE, "streets", "a", "b"], "b: one argument too many"),
        ([*MODULE, "streets", "a", "--train", "0"], "--train: found 0, allowed: integer >= 1"),
        ([*MODULE, "streets", "a", "--val=-3"], "--val: found -3, allowed: integer >= 1"),
        ([*MODULE, "streets", "a", "--seed", "-3"], "--seed: found -3, allowed: integer from 0 to"),
        ([*MODULE, "streets", "a", "--sed=3"], "--sed: no such option; did you mean --seed?"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_status_2(tmp_path, command, error):
    result = run(command, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert error in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"], ["streets", "-h"]])
def test_help_of_the_module(command):
    result = run(MODULE, *command)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: python -m kerasseg ")
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_streets_and_check(tmp_path):
    result = run(MODULE, "streets", "--val", "1", "a", "--train=2", "--seed", "5", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "a: 2 images to train with, 1 to validate with\n"
    assert len(list(tmp_path.glob("a/leftImg8bit/train/*/*_leftImg8bit.png"))) == 2
    again = run(MODULE, "streets", "a", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")

    settings = ["data.root=a", "data.cache_dir=cache", "name=b"]
    config = ["--config", str(PROJECT / "configs" / "streets.yaml")]
    result = run(MODULE, "check", *settings, *config, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "check-b.png").is_file()
    result = run(MODULE, "check", *config, "--sheet", "c.png", *settings, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "c.png").is_file()


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
