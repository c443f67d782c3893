"""The gate: an exported file must answer as the Keras model that was measured."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from kerasseg.errors import UserError
from kerasseg.metrics.confusion import ConfusionMatrix

ModelFunction = Callable[[np.ndarray], Mapping[str, np.ndarray]]

# The resize of the image is exact, so only the last bits of the convolutions are free.
TOLERANCE = {
    "equal_labels": 0.9999,  # share of pixels, at least
    "confidence": 1e-3,  # largest difference
    "uncertainty": 1e-3,
    "image_uncertainty": 1e-3,
    "variance": 1e-3,  # relative to 1 + the value
    "miou": 1e-3,  # difference on the validation images
}
ODD_SIZES = ((97, 131), (16, 16), (1, 1), (1, 40))


def probes(images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Batches uint8 (B, H, W, 3) cut from real images, each uint8 (H, W, 3).

    Whole images, a batch of two, odd sides, and sizes down to one pixel.
    """
    first, last = images[0], images[-1]
    batches = [image[None] for image in (first, last)]
    if first.shape == last.shape:
        batches.append(np.stack([first, last]))
    height, width = first.shape[:2]
    for rows, columns in ((height * 7 // 10 | 1, width * 7 // 10 | 1), *ODD_SIZES):
        top, left = max(0, (height - rows) // 2), max(0, (width - columns) // 3)
        batches.append(np.ascontiguousarray(first[None, top : top + rows, left : left + columns]))
    return batches


def differences(
    reference: ModelFunction, candidate: ModelFunction, batches: Sequence[np.ndarray]
) -> dict:
    """Share of equal labels and the largest differences of what else `reference` answers and
    TOLERANCE names, over all batches. Raises UserError for an answer of another shape."""
    equal = pixels = 0
    largest: dict[str, float] = {}
    for batch in batches:
        a, b = reference(batch), candidate(batch)
        for name in a:
            if np.shape(a[name]) != np.shape(b[name]):
                raise UserError(
                    f"parity: {name} of a {batch.shape[1]} x {batch.shape[2]} image has shape "
                    f"{np.shape(b[name])}, expected {np.shape(a[name])}"
                )
        equal += int((np.asarray(a["labels"]) == np.asarray(b["labels"])).sum())
        pixels += np.size(a["labels"])
        for name in TOLERANCE.keys() & a.keys():
            values = np.asarray(a[name])
            gap = np.abs(values - np.asarray(b[name]))
            if name == "variance":
                gap /= 1 + values
            largest[name] = max(largest.get(name, 0.0), _largest(gap))
    return {"equal_labels": equal / pixels, **dict(sorted(largest.items())), "pixels": pixels}


def _largest(values: np.ndarray) -> float:
    """The maximum; not-a-number, which every comparison lets pass, becomes infinity."""
    return float(np.nan_to_num(values, nan=np.inf).max())


def score(
    answers: ModelFunction, samples: Iterable[tuple[np.ndarray, np.ndarray]], *, classes: int
) -> ConfusionMatrix:
    """samples: (image uint8 (H, W, 3), label uint8 (H, W)) in turn."""
    matrix = ConfusionMatrix(classes)
    for image, truth in samples:
        matrix.add(truth, np.asarray(answers(image[None])["labels"])[0])
    return matrix


def failures(name: str, measured: Mapping[str, float]) -> list[str]:
    """What of one artefact is beyond TOLERANCE, a line each."""
    problems = []
    for key, allowed in TOLERANCE.items():
        value = measured.get(key if key != "miou" else "miou_difference")
        if value is None:  # not every model gives its variance
            continue
        bad = not value >= allowed if key == "equal_labels" else not abs(value) <= allowed
        if bad:
            limit = "at least" if key == "equal_labels" else "at most"
            problems.append(f"parity: {name}: {key} {value:.6g}, allowed: {limit} {allowed:g}")
    return problems
