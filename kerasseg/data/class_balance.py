"""How often each class occurs: median-frequency weights, and the histogram as a table."""

import numpy as np

from kerasseg.data.catalog import Catalog


def median_frequency_weights(catalog: Catalog, *, power: float) -> np.ndarray:
    """Weights of the classes from the training split: float32 (C,), > 0, no unit.

    freq(c) = pixels of c / all pixels of the images in which c occurs;
    weight(c) = (median of freq / freq(c)) ** power. A class that never occurs is left out of the
    median and gets 1, so that it neither counts for nothing nor for infinitely much.
    Source: Eigen and Fergus, "Predicting Depth, Surface Normals and Semantic Labels", 2015;
    used for CamVid by SegNet.
    """
    frequency = _frequencies(catalog)
    occurs = frequency > 0
    weights = np.ones(len(frequency), np.float64)
    if occurs.any():
        weights[occurs] = (np.median(frequency[occurs]) / frequency[occurs]) ** power
    return weights.astype(np.float32)


def _frequencies(catalog: Catalog) -> np.ndarray:
    """float64 (C,) in 0…1: freq of `median_frequency_weights`; 0 where a class never occurs."""
    pixels = catalog.class_pixels["train"][:-1]
    return pixels / np.maximum(catalog.class_image_pixels["train"], 1)


def background_weight(catalog: Catalog, *, power: float) -> float:
    """That of the background beside `median_frequency_weights`: at most 1, by the same formula.

    With freq = void pixels / all pixels of the training images. What is pasted comes on top of
    these, so a background that is rarer than the classes, or not there at all, keeps its plain
    weight: it counts for no more than the class in the middle.
    """
    pixels, frequency = catalog.class_pixels["train"], _frequencies(catalog)
    occurs = frequency > 0
    if not pixels[-1] or not occurs.any():
        return 1.0
    return float(min(1.0, (np.median(frequency[occurs]) * pixels.sum() / pixels[-1]) ** power))


def class_rows(catalog: Catalog, split: str) -> list[tuple[str, int, float, int | None]]:
    """(name, pixels, share of all pixels in 0..1, images it occurs in) by trainId, void last.

    The images of void are not counted: None.
    """
    pixels = catalog.class_pixels[split]
    names = (*catalog.label_set.names, catalog.label_set.void_name)
    images = (*catalog.class_images[split].tolist(), None)
    return [
        (name, int(n), n / pixels.sum(), m)
        for name, n, m in zip(names, pixels.tolist(), images, strict=True)
    ]
