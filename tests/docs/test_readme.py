"""What the README says is there, is there, and its commands are understood."""

import re
import shlex
from pathlib import Path

import pytest

from kerasseg.commands.main import build_parsers
from kerasseg.config import Config, load_config
from kerasseg.config.words import SETTINGS, section_of
from kerasseg.labels.label_file import read_label_file

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
SECTIONS = {name for name, field in Config.model_fields.items() if section_of(field)}
DOCUMENTS = sorted(PROJECT.glob("*.md")) + sorted((PROJECT / "docs").rglob("*.md"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


# How a command line begins -> the command, or None where its name follows.
PROGRAMS = {
    "python train.py": "train",
    "python export.py": "export",
    "python -m kerasseg": None,
    "kerasseg": None,
}


def commands() -> list[list[str]]:
    """Every command line of kerasseg in the README, as the command and its arguments."""
    lines = []
    for line in "".join(blocks("sh")).splitlines():
        for program, name in PROGRAMS.items():
            if line.startswith(f"{program} "):
                words = shlex.split(line.removeprefix(program))
                lines.append([name, *words] if name else words)
    return lines


def test_every_command_line_is_of_a_kind_that_is_tested_here():
    for line in "".join(blocks("sh")).splitlines():
        known = ("make ", "pip install ", *(f"{program} " for program in PROGRAMS))
        assert line.startswith(known), line


def test_make_targets_exist():
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.M))
    assert {"train", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", MAKEFILE, re.M), target


def test_what_make_test_fast_leaves_out_is_there():
    # pytest says nothing of an --ignore that matches no path.
    (names,) = re.findall(r"^SLOW := (.*?[^\\])$", MAKEFILE, re.M | re.S)
    left_out = names.replace("\\\n", " ").split()
    assert len(left_out) > 10
    assert [name for name in left_out if not (PROJECT / "tests" / name).exists()] == []


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_are_understood(words, monkeypatch):
    monkeypatch.chdir(PROJECT)
    name, *rest = words
    args = build_parsers("kerasseg")[1][name].parse(rest)
    if "config" in args and (args.config or args.settings):
        load_config(args.config, args.settings)


def test_settings_exist():
    text = "\n".join([README, *(path.read_text(encoding="utf-8") for path in DOCUMENTS)])
    quoted = re.findall(r"`([a-z_]+)\.([a-z_]+)(?:=[^`]*)?`", text)
    files = {"json", "yaml", "py", "onnx", "tflite", "txt"}  # labels.json is no setting
    named = {f"{s}.{key}" for s, key in quoted if s in SECTIONS and key not in files}
    assert len(named) > 15
    assert named <= set(SETTINGS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(document):
    text = document.read_text(encoding="utf-8")
    folders = "benchmarks|configs|docs|examples|kerasseg|tests"
    named = set(re.findall(rf"\b(?:{folders})/[\w/.-]+\.[a-z]+\b", text))
    # NAME stands for a file that the reader is to make.
    missing = [name for name in named if not (PROJECT / name).is_file() and "NAME" not in name]
    assert sorted(missing) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_local_files_resolve(document):
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).is_file()] == []


def test_the_file_of_classes_can_be_read(tmp_path):
    (example,) = blocks("yaml")
    path = tmp_path / "labels.yaml"
    path.write_text(example, encoding="utf-8")
    labels = read_label_file(path, void="background")
    assert labels.names == ("road", "car")
    assert dict(labels.id_to_train) == {0: 0, 1: 1, 2: 1}
    assert labels.void_ids == (255,)


def test_all_run_outputs_are_listed():
    # Read as text: importing the module would import TensorFlow.
    source = (PROJECT / "kerasseg" / "runs" / "directory.py").read_text(encoding="utf-8")
    written = set(re.findall(r'self\.path / "([^"]+)"', source)) - {"best.tmp.keras"}
    listed = {name.rstrip("/") for name in re.findall(r"^\| `([^`]+)` \|", README, re.M)}
    assert written
    assert written <= listed
