"""Probabilities whose right temperature is known."""

import numpy as np


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def drawn(seed, n, temperature, classes=5):
    """Probabilities that say more (or less) than they know: the truth is drawn from the logits
    over `temperature`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, classes))
    honest = softmax(logits / temperature)
    truth = (honest.cumsum(axis=-1) > rng.random((n, 1))).argmax(axis=-1)
    return softmax(logits).astype(np.float32), truth
