"""Which unknown things does a score find, and how many false alarms come with them?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from kerasseg.labels import VOID
from kerasseg.metrics.components import LIMITS, ComponentCounts, component_overlaps, smallest_sizes
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.error_detection import COMPARED
from kerasseg.metrics.ranking import Ranking
from kerasseg.metrics.scorer import Score, ScoredImage
from kerasseg.metrics.undefined import null_if_undefined, read_number


@dataclass(frozen=True)
class ObjectRanking:
    """Of one score, as SegmentMeIfYouCan defines them. None where there is nothing to divide by.

    threshold: above it a pixel is taken for unknown. siou: mean over the things. ppv: mean
    precision of the predicted components. found_25, found_50: share of the things with an sIoU
    above 0.25 and 0.5. f1: mean over the limits 0.25, 0.3 … 0.75. false_alarms: an image,
    predicted components of which at most a quarter is unknown.
    """

    threshold: float
    siou: float | None
    ppv: float | None
    found_25: float | None
    found_50: float | None
    f1: float | None
    false_alarms: float

    @classmethod
    def of(cls, counts: ComponentCounts, *, threshold: float) -> "ObjectRanking":
        quarter, half = np.searchsorted(LIMITS, (0.25, 0.5))
        things, predictions = counts.things, counts.predictions
        return cls(
            threshold=threshold,
            siou=counts.siou / things if things else None,
            ppv=counts.precision / predictions if predictions else None,
            found_25=int(counts.found[quarter]) / things if things else None,
            found_50=int(counts.found[half]) / things if things else None,
            f1=null_if_undefined(counts.mean_f1),
            false_alarms=int(counts.false[quarter]) / counts.images,
        )


@dataclass(frozen=True)
class UnknownObjectScores:
    """images: those that are scored, the thresholds are of as many others or one more. things: how
    many they hold. by_score: by name of the score."""

    images: int
    things: int
    by_score: Mapping[str, ObjectRanking]

    def to_json(self) -> dict[str, Any]:
        return {
            "unknown_objects": {
                "images": self.images,
                "things": self.things,
                **{name: asdict(ranking) for name, ranking in self.by_score.items()},
            }
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "UnknownObjectScores | None":
        if "unknown_objects" not in data:
            return None
        entries = dict(data["unknown_objects"])
        return cls(
            images=int(entries.pop("images")),
            things=int(entries.pop("things")),
            by_score={
                name: ObjectRanking(
                    threshold=float(entry["threshold"]),
                    siou=read_number(entry["siou"]),
                    ppv=read_number(entry["ppv"]),
                    found_25=read_number(entry["found_25"]),
                    found_50=read_number(entry["found_50"]),
                    f1=read_number(entry["f1"]),
                    false_alarms=float(entry["false_alarms"]),
                )
                for name, entry in entries.items()
            },
        )

    def summary(self, what: str = "unknown") -> tuple[Score, ...]:
        """what: such things are called in the names of the scores."""
        own = [(name, self.by_score[name].f1) for name in COMPARED if name in self.by_score]
        return tuple(
            Score(f"{what} object F1, {name}", f1, compared=True)
            for name, f1 in own
            if f1 is not None
        )


@dataclass
class UnknownObjectScorer:
    """Every second image, the first among them, fixes the threshold of each score: the one with the
    best F1 over pixels, the benchmark's rule. The others are scored with it, so the former have to
    come first. An image without a mask of unknown things says nothing and is passed over.
    """

    rankings: dict[str, Ranking] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, ComponentCounts] = field(default_factory=dict)
    images: int = 0

    def add(self, image: ScoredImage) -> None:
        if image.unknown is None:
            return
        asked = (image.truth != VOID) | image.unknown
        scores = {**image.uncertainty_scores, **image.unknown_scores}
        self.add_scores(scores, unknown=image.unknown, asked=asked, fitted=image.fitted)

    def add_scores(
        self,
        scores: Mapping[str, np.ndarray],
        *,
        unknown: np.ndarray,
        asked: np.ndarray,
        fitted: bool,
    ) -> None:
        """scores: float32 (H, W) by name. unknown, asked: bool (H, W), the things, and all pixels
        that are looked at. fitted: the thresholds are fitted on this image."""
        if fitted:
            assert not self.images, "fitted images come first"
            for name, values in scores.items():
                self.rankings.setdefault(name, Ranking()).add(values[asked], unknown[asked])
            return
        if not self.images:
            self.thresholds = {n: r.best_f1_threshold() for n, r in self.rankings.items()}
            self.rankings.clear()
        self.images += 1
        prediction, thing = smallest_sizes(*unknown.shape)
        for name, values in scores.items():
            threshold = self.thresholds.get(name, float("nan"))
            if np.isnan(threshold):
                continue  # no unknown thing in the images that fix it
            overlaps = component_overlaps(
                unknown,
                values > threshold,
                asked,
                smallest_prediction=prediction,
                smallest_thing=thing,
            )
            self.counts.setdefault(name, ComponentCounts()).add(*overlaps)

    def scores(self, confusion: ConfusionMatrix | None = None) -> UnknownObjectScores | None:
        if not self.counts:
            return None
        return UnknownObjectScores(
            images=self.images,
            things=next(iter(self.counts.values())).things,
            by_score={
                name: ObjectRanking.of(counts, threshold=self.thresholds[name])
                for name, counts in self.counts.items()
            },
        )
