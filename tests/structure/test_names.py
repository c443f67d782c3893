"""Names and sizes of files: each says what it is for, and can be told from the others."""

from itertools import combinations

import pytest

from tests.structure.source import PACKAGE, PROJECT, files, module_name

# What English hangs on a word without changing what it is about: load, loader, loading.
ENDINGS = "al able ation d e ed er es ies ing ion ions ment or r s tion y"
SHORTEST_STEM = 3
MEANINGLESS = {"utils", "util", "common", "helpers", "helper", "misc"}


def stems(name):
    """What is left of a module's name without an ending; an underscore tells no names apart."""
    word = name.replace("_", "")
    cut = {word.removesuffix(ending) for ending in ENDINGS.split()}
    return {word, *(stem for stem in cut if len(stem) >= SHORTEST_STEM)}


def alike(a, b):
    return bool(stems(a) & stems(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("load", "load"),
        ("write", "writer"),
        ("evaluate", "evaluation"),
        ("predictor", "prediction"),
        ("pack", "packing"),
        ("train", "trained"),
        ("boundary", "boundaries"),
        ("version", "versions"),
        ("saved_model", "savedmodel"),
        ("run", "runs"),
    ],
)
def test_these_names_are_alike(a, b):
    assert alike(a, b)
    assert alike(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [("step", "stop"), ("terms", "terminal"), ("plan", "plane_sweep"), ("onnx", "onnx_runtime")],
)
def test_these_names_are_not_alike(a, b):
    assert not alike(a, b)


def test_no_two_modules_are_named_alike():
    modules = [
        path
        for path in files("kerasseg")
        if path.stem not in ("__init__", "__main__") and path.parent != PACKAGE / "commands"
    ]
    assert len(modules) > 100
    pairs = [
        f"{module_name(a)} and {module_name(b)}"
        for a, b in combinations(modules, 2)
        if alike(a.stem, b.stem)
    ]
    assert pairs == []


def test_no_name_means_nothing():
    folders = ("kerasseg", "tests", "benchmarks", "examples")
    names = {part for path in files(*folders) for part in path.relative_to(PROJECT).parts}
    assert {name.removesuffix(".py") for name in names} & MEANINGLESS == set()


def test_few_modules_lie_at_the_root():
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def test_no_file_is_longer_than_300_lines():
    lengths = {
        str(path.relative_to(PROJECT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in [*PROJECT.glob("*.py"), *files("kerasseg", "tests", "benchmarks", "examples")]
    }
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}
