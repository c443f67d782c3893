"""Label images are runs of equal pixels: to count runs is several times as fast as pixels."""

import numpy as np


def runs(*images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(starts, lengths), int64: the runs, row after row, within which no image changes.

    images: integers, all of one shape. starts: places in the flattened images.
    """
    flat = [image.ravel() for image in images]
    changes = np.zeros(max(flat[0].size - 1, 0), bool)
    for values in flat:
        changes |= values[1:] != values[:-1]
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])[: flat[0].size]
    return starts, np.diff(starts, append=flat[0].size)
