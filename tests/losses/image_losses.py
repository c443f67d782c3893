"""Losses of one image in float64, written from the papers as loops over classes and pixels."""

import numpy as np


def softmax(logits):
    values = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return values / values.sum(axis=-1, keepdims=True)


def kept_pixels(label, logits, background_id):
    """(N,) classes and (N, C) probabilities of the pixels that count."""
    classes, probabilities = label.ravel().astype(int), softmax(logits.astype(np.float64))
    probabilities = probabilities.reshape(len(classes), -1)
    counted = classes != 253
    if background_id is None:
        counted &= classes != 255
    else:
        classes = np.where(classes == 255, background_id, classes)
    return classes[counted], probabilities[counted]


def dice(label, logits, background_id):
    """Milletari et al. 2016; the formula of segmentation_models.pytorch without smoothing."""
    classes, probabilities = kept_pixels(label, logits, background_id)
    losses = []
    for index in np.unique(classes):
        truth, predicted = classes == index, probabilities[:, index]
        overlap = (truth * predicted).sum()
        losses.append(1 - 2 * overlap / (truth.sum() + predicted.sum()))
    return np.mean(losses) if losses else 0.0


def lovasz(label, logits, background_id):
    """Berman et al. 2018: the set function 1 - IoU of the m most wrong pixels, one by one."""
    classes, probabilities = kept_pixels(label, logits, background_id)
    losses = []
    for index in np.unique(classes):
        truth = classes == index
        errors = np.where(truth, 1 - probabilities[:, index], probabilities[:, index])
        wrong, before, loss = np.zeros(len(truth), bool), 0.0, 0.0
        for pixel in np.argsort(-errors, kind="stable"):
            wrong[pixel] = True
            mispredicted = truth ^ wrong
            jaccard = 1 - (truth & mispredicted).sum() / (truth | mispredicted).sum()
            loss += errors[pixel] * (jaccard - before)
            before = jaccard
        losses.append(loss)
    return np.mean(losses) if losses else 0.0


def cross_entropy(label, logits, background_id, *, gamma, smoothing, share):
    """Lin et al. 2017, Szegedy et al. 2016, and the mean of the hardest share of the pixels."""
    classes, probabilities = kept_pixels(label, logits, background_id)
    losses = []
    for true, row in zip(classes, probabilities, strict=True):
        target = np.full(len(row), smoothing / len(row))
        target[true] += 1 - smoothing
        losses.append(-(target * np.log(row)).sum() * (1 - row[true]) ** gamma)
    kept = int(np.ceil(np.float32(share) * np.float32(len(losses))))
    return np.mean(sorted(losses)[::-1][:kept]) if kept else 0.0
