"""The examples in the docstrings of the public API run as they stand."""

import doctest
import inspect

import pytest

import kerasseg
import kerasseg.losses.cross_entropy
import kerasseg.losses.dice_loss
import kerasseg.losses.lovasz
import kerasseg.losses.objective
import kerasseg.losses.variance
import kerasseg.metrics.mean_iou
import kerasseg.models.build
import kerasseg.training.segmenter

# Modules whose docstrings have examples. Warnings fail them as they do any test.
MODULES = (
    kerasseg,
    kerasseg.losses.cross_entropy,
    kerasseg.losses.dice_loss,
    kerasseg.losses.lovasz,
    kerasseg.losses.objective,
    kerasseg.losses.variance,
    kerasseg.metrics.mean_iou,
    kerasseg.models.build,
    kerasseg.training.segmenter,
)
SLOW = {"kerasseg.training.segmenter.Segmenter"}
PUBLIC = [
    getattr(module, name)
    for module in (kerasseg, kerasseg.losses, kerasseg.metrics, kerasseg.models)
    for name in module.__all__
]
# With no names of the module: what is pasted from a docstring has to import what it uses.
EXAMPLES = [
    example
    for module in MODULES
    for example in doctest.DocTestFinder().find(module, globs={})
    if example.examples
]


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(example, id=example.name, marks=[pytest.mark.slow] * (example.name in SLOW))
        for example in EXAMPLES
    ],
)
def test_the_example_gives_what_it_says(example):
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    if runner.run(example, out=report.append).failed:
        pytest.fail("".join(report), pytrace=False)


def test_every_public_class_and_function_has_an_example():
    names = {
        f"{item.__module__}.{item.__qualname__}"
        for item in PUBLIC
        if inspect.isclass(item) or inspect.isfunction(item)
    }
    assert names >= {"kerasseg.load", "kerasseg.metrics.mean_iou.MeanIoU"}
    # Of a class, that of a method does.
    having = {name for name in names for e in EXAMPLES if f"{e.name}.".startswith(f"{name}.")}
    assert names - having == set()
