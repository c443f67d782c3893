"""The examples in the docstrings of the public API run as they stand."""

import doctest

import keras
import numpy as np
import pytest

import kerasseg
import kerasseg.losses.cross_entropy
import kerasseg.losses.objective
import kerasseg.losses.variance
import kerasseg.metrics.mean_iou
import kerasseg.models.build
import kerasseg.training.segmenter

# Modules whose docstrings have examples; warnings fail them as they do any test.
MODULES = (
    kerasseg,
    kerasseg.losses.cross_entropy,
    kerasseg.losses.objective,
    kerasseg.losses.variance,
    kerasseg.metrics.mean_iou,
    kerasseg.models.build,
    kerasseg.training.segmenter,
)
# What an example may use without importing it, as in Keras' own docstrings.
NAMES = {"keras": keras, "kerasseg": kerasseg, "np": np}

EXAMPLES = [
    test
    for module in MODULES
    for test in doctest.DocTestFinder().find(module, extraglobs=NAMES)
    if test.examples
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda test: test.name)
def test_the_example_gives_what_it_says(example):
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    if runner.run(example, out=report.append).failed:
        pytest.fail("".join(report), pytrace=False)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_module_of_the_list_has_an_example(module):
    assert any(example.name.startswith(f"{module.__name__}.") for example in EXAMPLES)
