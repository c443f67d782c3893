"""Losses for Keras, and the terms of the objective that is trained.

TERMS: what makes a term out of the settings (`LossConfig`) and a `LabelContext`, by its name in
the history, or None where the settings turn it off.
"""

from kerasseg.losses.auxiliary import AuxiliaryTerm
from kerasseg.losses.cross_entropy import CrossEntropyTerm, WeightedCrossEntropy
from kerasseg.losses.dice_loss import DiceLoss, dice_term
from kerasseg.losses.lovasz import LovaszSoftmax, lovasz_term
from kerasseg.losses.variance import GatedVariance, VarianceTerm

__all__ = ["TERMS", "DiceLoss", "GatedVariance", "LovaszSoftmax", "WeightedCrossEntropy"]

TERMS = {
    "cross_entropy": CrossEntropyTerm.from_config,
    "variance": VarianceTerm.from_config,
    "dice": dice_term,
    "lovasz": lovasz_term,
    "auxiliary": AuxiliaryTerm.from_config,
}
