"""Which labels a net finds least likely: candidates for a mistake."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import image_of, label_of
from kerasseg.data.samples import Sample
from kerasseg.inference.predictor import Predictor
from kerasseg.labels import LabelSet

_SMALLEST = 1e-3  # share of the image; a class that covers less is left out
_EXCESS = math.log(2)  # nats: at most half as likely as is usual, by the geometric mean
_FLOOR = 1e-6  # a probability; bounds the loss of a pixel at 13.8


@dataclass(frozen=True)
class Doubt:
    """A class in the label of one image that the net does not see there.

    share: of the image's pixels. loss: mean cross entropy of the class's pixels, in nats; usual:
    the median of that over the images of the split that show the class. seen: what the net finds
    most likely there, by the mean probability; its background is called as void is.
    """

    split: str
    sample: Sample
    name: str
    share: float
    loss: float
    usual: float
    seen: str

    @property
    def excess(self) -> float:
        """Nats above the usual."""
        return self.loss - self.usual


def doubtful_labels(
    predictor: Predictor,
    catalog: Catalog,
    *,
    progress: Callable[[int], object] = lambda done: None,
) -> list[Doubt]:
    """One for each image, that of the class whose loss is most above its usual, where that is more
    than ln 2; the greatest excess first.

    Hard classes do not fill the list: a loss is compared with that of the same class elsewhere.
    Void is no label. predictor: of these classes, one that gives probabilities. progress: takes the
    number of images done. Raises UserError for a file that cannot be read.
    """
    found: list[Doubt] = []
    done = 0
    for split, samples in catalog.splits.items():
        losses: dict[str, list[float]] = {}
        doubts: list[list[Doubt]] = []
        for sample in samples:
            answer = predictor.predict(image_of(sample), probabilities=True)
            assert answer.probabilities is not None
            classes = _by_class(label_of(sample, catalog), answer.probabilities, catalog.label_set)
            doubts.append([])
            for name, share, loss, seen in classes:
                losses.setdefault(name, []).append(loss)
                doubts[-1].append(Doubt(split, sample, name, share, loss, 0.0, seen))
            done += 1
            progress(done)
        usual = {name: float(np.median(values)) for name, values in losses.items()}
        for own in doubts:
            compared = [replace(doubt, usual=usual[doubt.name]) for doubt in own]
            worst = max(compared, key=lambda doubt: doubt.excess, default=None)
            if worst is not None and worst.excess > _EXCESS:
                found.append(worst)
    return sorted(found, key=lambda doubt: (-doubt.excess, doubt.split, doubt.sample.name))


def _by_class(
    label: np.ndarray, probabilities: np.ndarray, label_set: LabelSet
) -> Iterator[tuple[str, float, float, str]]:
    """Name, share, loss and what is seen instead, of each class that covers enough of the image."""
    outputs = (*label_set.names, label_set.void_name)
    for label_id, name in enumerate(label_set.names):
        where = label == label_id
        share = float(where.mean())
        if share >= _SMALLEST:
            own = probabilities[where]  # (pixels, outputs)
            loss = float(-np.log(np.maximum(own[:, label_id], _FLOOR)).mean(dtype=np.float64))
            yield name, share, loss, outputs[int(own.mean(axis=0).argmax())]
