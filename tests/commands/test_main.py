"""The commands as they are called: help, mistyped words, exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kerasseg import __version__
from kerasseg.commands import COMMANDS
from kerasseg.commands.main import build_parsers, start
from kerasseg.config import load_config
from kerasseg.errors import UserError, run_command

PROJECT = Path(__file__).resolve().parents[2]
MODULES = {"import": "import_labels"}  # no module can be called import
TRAIN = ["train.py"]
EXPORT = ["export.py"]
MODULE = ["-m", "kerasseg"]


def run(words: list[str], *, cwd: Path = PROJECT) -> subprocess.CompletedProcess:
    """A command line of Python in a process of its own; a script is found in the project."""
    if words[0].endswith(".py"):
        words = [str(PROJECT / words[0]), *words[1:]]
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "80", "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_a_module_of_its_name(name):
    module = COMMANDS[name]
    assert module.__name__ == f"kerasseg.commands.{MODULES.get(name, name)}"
    first, *rest = module.__doc__.splitlines()
    assert first.endswith(".")
    assert not rest or rest[0] == ""


def test_every_command_has_its_module_in_the_table():
    others = {"__init__", "main", "parser", "model", "videos"}
    files = (PROJECT / "kerasseg" / "commands").glob("*.py")
    assert {path.stem for path in files} - others == {MODULES.get(n, n) for n in COMMANDS}


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_fits(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run_command(lambda: start([name, "--help"] if name else ["-h"])) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: kerasseg {name}".rstrip() + " [-h]")
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii()
    _, parsers = build_parsers("kerasseg")
    takes_settings = "[key=value ...]" in text
    assert takes_settings == ("\n  train.batch_size=2 " in text)
    assert takes_settings == (name in ("train", "export", "evaluate", "check", "pack", "ablate"))
    if not name:
        assert all(f"\n    {command} " in text for command in parsers)


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (TRAIN, "usage: python train.py [-h] [--config FILE] [--fresh]"),
        (EXPORT, "usage: python export.py [-h] [--out DIR]"),
        ([*MODULE, "predict"], "usage: python -m kerasseg predict [-h] [--out DIR]"),
        (MODULE, "usage: python -m kerasseg [-h] [--version] COMMAND ..."),
    ],
    ids=" ".join,
)
def test_help_names_the_program_as_it_was_called(words, usage):
    result = run([*words, "--help"])
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(usage)


def test_help_needs_nothing_heavy():
    script = (
        "import sys\n"
        "from kerasseg.commands.main import build_parsers\n"
        "program, commands = build_parsers('kerasseg')\n"
        "for parser in (program, *commands.values()): parser.format_help()\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'scipy', 'PIL', 'matplotlib', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = run(["-c", script])
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_the_version(capsys):
    assert run_command(lambda: start(["--version"])) == 0
    assert capsys.readouterr().out == f"kerasseg {__version__}\n"


def test_print_config_from_another_folder(tmp_path):
    (tmp_path / "a.yaml").write_text("seed: 7\n")
    words = [*TRAIN, "train.panels=3", "--config", "a.yaml", "--print-config"]
    result = run(words, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.yaml"]
    assert load_config(None, []).model_dump(mode="json") | {"seed": 7, "train": {}} == (
        yaml.safe_load(result.stdout) | {"train": {}}
    )
    (tmp_path / "b.yaml").write_text(result.stdout)
    assert load_config(tmp_path / "b.yaml") == load_config(tmp_path / "a.yaml", ["train.panels=3"])
    result = run([*MODULE, "train", "--print-config"], cwd=tmp_path)
    assert yaml.safe_load(result.stdout)["name"] == "streets"


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        ([], "found no command, allowed: train | evaluate"),
        (["chek"], "chek: no such command; did you mean check?"),
        (["--fresh", "train"], "--fresh: no such option"),
        (["--hepl"], "--hepl: no such option; did you mean --help?"),
        (["train", "train.batch_sise=4"], "did you mean train.batch_size?"),
        (["train", "batch"], 'found "batch", allowed: key=value or an option'),
        (["train", "--config", "none.yaml"], "none.yaml: no such file"),
        (["train", "--config", "camvit"], "did you mean camvid?"),
        (["train", "--confg", "none.yaml"], "did you mean --config?"),
        (["export", "a", "--formats", "onnx,tflite"], "--formats: found tflite, allowed: "),
        (
            ["export", "a", "--int8", "b", "--formats", "savedmodel"],
            "--int8: needs one of onnx, onnx_plain, litert among",
        ),
        (["export", "a", "--size", "64,96"], "--size: needs one of onnx_plain, litert, web among"),
        (
            ["export", "a", "--float16", "--formats", "web"],
            "--float16: needs one of onnx_plain, litert",
        ),
        (["export", "a", "--float16"], "--float16: needs one of onnx_plain, litert among"),
        (["export", "a", "--size", "64"], "--size: found '64', allowed: height,width"),
        (["export", "a", "--size", "64,0"], "--size: found 0, allowed: integer >= 1"),
        (["check", "seed=1"], "required: --config"),
        (["check", "--config", "none.yaml"], "none.yaml: no such file"),
        (["evaluate", "."], "--config: found none, allowed: --config FILE, or --anomalies DIR"),
        (["streets"], "required: DIR"),
        (["streets", "a", "b"], "b: one argument too many"),
        (["streets", "a", "--train", "0"], "--train: found 0, allowed: integer >= 1"),
        (["streets", "a", "--val=-3"], "--val: found -3, allowed: integer >= 1"),
        (["streets", "a", "--seed", "-3"], "--seed: found -3, allowed: integer from 0 to"),
        (["streets", "a", "--sed=3"], "--sed: no such option; did you mean --seed?"),
    ],
    ids=" ".join,
)
def test_what_the_user_can_mend_is_one_line_and_status_2(argv, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        start(argv)
    (line,) = str(caught.value).splitlines()
    assert error in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [TRAIN, [*EXPORT, "run"], MODULE], ids=" ".join)
def test_the_programs_end_with_the_status(words, tmp_path):
    result = run([*words, "--nothing"], cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: --nothing: no such option\n"


def test_streets_and_check(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def status(*argv: str) -> int:
        return run_command(lambda: start(argv))

    assert status("streets", "--val", "1", "a", "--train=2", "--seed", "5") == 0
    assert capsys.readouterr() == ("a: 2 images to train with, 1 to validate with\n", "")
    assert len(list(tmp_path.glob("a/leftImg8bit/train/*/*_leftImg8bit.png"))) == 2
    assert status("streets", "a") == 2
    assert capsys.readouterr().out == ""

    settings = ["data.root=a", "data.cache_dir=cache", "name=b"]
    assert status("check", *settings, "--config", "streets") == 0
    assert (tmp_path / "check-b.png").is_file()
    assert status("check", "--config", "streets", "--sheet", "c.png", *settings) == 0
    assert (tmp_path / "c.png").is_file()
