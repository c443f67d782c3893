"""The public losses go through Keras' serialisation."""

import keras
import pytest

from kerasseg.losses import DiceLoss, GatedVariance, LovaszSoftmax, WeightedCrossEntropy


@pytest.mark.parametrize(
    "loss",
    [
        WeightedCrossEntropy(boundary_weight=3.0, class_weights=(1.0, 2.0), background_id=1),
        WeightedCrossEntropy(focal_gamma=2.0, hard_pixels=0.5, label_smoothing=0.1),
        GatedVariance(background_id=2, gate_gradient=False),
        DiceLoss(background_id=2),
        LovaszSoftmax(background_id=2),
    ],
    ids=["cross entropy", "hard pixels", "variance", "dice", "lovasz"],
)
def test_a_loss_is_serialised_with_its_settings(loss):
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
