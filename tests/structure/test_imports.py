"""Imports between the packages of kerasseg point one way, and none hides in a string."""

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.structure.source import PACKAGE, imports, modules

# A package may import those of earlier lines and of its own, but never in a circle.
LAYERS = (
    ("errors", "version", "files", "backend", "gpus", "terminal"),
    ("config",),
    ("labels",),
    ("metrics", "streets", "drawing"),
    ("data",),
    ("models", "losses", "importing"),
    ("runs",),
    ("inference", "serving_client", "hub"),
    ("evaluation",),
    ("training", "export"),
    ("report", "ablation"),
    ("commands",),
    ("kerasseg", "__main__"),  # the package itself, as people import it
)
LAYER = {package: number for number, layer in enumerate(LAYERS) for package in layer}
CHILDREN = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}


def package_of(name):
    """kerasseg.data.readers.camvid -> data; kerasseg.load -> kerasseg, where it is defined."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in CHILDREN else parts[0]


def package_imports():
    """{package: {package it imports: a module that does}}"""
    edges = defaultdict(dict)
    for module, tree in modules().items():
        for name in imports(tree):
            source, target = package_of(module), package_of(name)
            if name.split(".")[0] == "kerasseg" and source != target:
                edges[source].setdefault(target, module)
    return edges


def test_every_package_has_its_layer():
    assert {package_of(module) for module in modules()} <= set(LAYER)


def test_packages_import_earlier_layers_only():
    wrong = [
        f"{module} imports {target}"
        for source, targets in package_imports().items()
        for target, module in targets.items()
        if LAYER[target] > LAYER[source]
    ]
    assert wrong == []


def test_packages_do_not_import_each_other_in_a_circle():
    try:
        TopologicalSorter(package_imports()).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_modules_do_not_import_each_other_in_a_circle():
    trees = modules()
    graph = {
        # `from kerasseg.labels import VOID` is an import of kerasseg.labels.
        module: {name if name in trees else name.rpartition(".")[0] for name in imports(tree)}
        for module, tree in trees.items()
    }
    try:
        TopologicalSorter({m: names & set(trees) for m, names in graph.items()}).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_nothing_is_imported_by_a_string():
    by_string = {"__import__", "import_module", "exec", "eval", "runpy", "module_from_spec"}
    wrong = [
        f"{module}:{node.lineno}"
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in by_string)
        or (isinstance(node, ast.Attribute) and node.attr in by_string - {"exec", "eval"})
        or (isinstance(node, ast.alias) and node.name in by_string)
    ]
    assert wrong == []
