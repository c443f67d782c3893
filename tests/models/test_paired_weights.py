"""Weights of two nets are paired by layer, whatever else one of them has."""

import numpy as np
import pytest

from kerasseg.config import ModelConfig
from kerasseg.models.auxiliary_head import with_auxiliary
from kerasseg.models.build import build_net
from kerasseg.models.paired_weights import copy_weights, paired_weights

MODEL = ModelConfig(width=2, depth=3, auxiliary_stride=8)


def net(seed, model=MODEL):
    return build_net(model, outputs=3, seed=seed, precision="float32")


def test_each_weight_has_its_own():
    source, target = with_auxiliary(net(1), MODEL, seed=1), net(2)
    pairs = paired_weights(source, target)
    assert {id(held) for _, held in pairs} == {id(weight) for weight in target.weights}
    assert len(pairs) == len(target.weights)
    assert all(given.path == held.path for given, held in pairs)
    copy_weights(source, target)
    for weight, expected in zip(target.get_weights(), net(1).get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_what_has_no_pair_is_named():
    with pytest.raises(ValueError, match="auxiliary_conv"):
        paired_weights(net(1), with_auxiliary(net(2), MODEL, seed=0))
    with pytest.raises(ValueError, match="down0_conv1"):
        paired_weights(net(1), net(1, MODEL.model_copy(update={"width": 3})))
