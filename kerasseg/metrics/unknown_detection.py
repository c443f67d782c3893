"""Does a score find the pixels of things that no class covers? (anomaly detection)"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasseg.labels import VOID
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.error_detection import COMPARED
from kerasseg.metrics.ranking import Ranking
from kerasseg.metrics.scorer import Score, ScoredImage
from kerasseg.metrics.undefined import null_if_undefined, read_number


@dataclass(frozen=True)
class UnknownRanking:
    """How well one score finds unknown things: see Ranking. None where there are none, or only."""

    auroc: float | None
    average_precision: float | None
    fpr95: float | None


@dataclass(frozen=True)
class UnknownDetectionScores:
    """images: how many were looked at. with_things: how many of them hold such things. by_score:
    by name of the score."""

    images: int
    with_things: int
    by_score: Mapping[str, UnknownRanking]

    def to_json(self) -> dict[str, Any]:
        return {
            "unknown": {
                "images": self.images,
                "with_things": self.with_things,
                **{
                    name: {
                        "auroc": ranking.auroc,
                        "average_precision": ranking.average_precision,
                        "fpr95": ranking.fpr95,
                    }
                    for name, ranking in self.by_score.items()
                },
            }
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "UnknownDetectionScores | None":
        if "unknown" not in data:
            return None
        entries = dict(data["unknown"])
        images = int(entries.pop("images"))
        return cls(
            images=images,
            with_things=int(entries.pop("with_things", images)),  # older files count no others
            by_score={
                name: UnknownRanking(
                    auroc=read_number(entry["auroc"]),
                    average_precision=read_number(entry["average_precision"]),
                    fpr95=read_number(entry["fpr95"]),
                )
                for name, entry in entries.items()
            },
        )

    def summary(self, what: str = "unknown") -> tuple[Score, ...]:
        """what: such things are called in the names of the scores."""
        own = [(name, self.by_score[name]) for name in COMPARED if name in self.by_score]
        return (
            *(Score(f"{what} AP, {n}", r.average_precision, compared=True) for n, r in own),
            *(Score(f"{what} FPR95, {n}", r.fpr95, "lower", compared=True) for n, r in own),
        )


@dataclass
class UnknownDetectionScorer:
    """Sums over all images that have a mask of unknown things, empty or not; memory does not grow
    with them."""

    rankings: dict[str, Ranking] = field(default_factory=dict)
    images: int = 0
    with_things: int = 0

    def add(self, image: ScoredImage) -> None:
        """Its unknown pixels stand against the evaluated ones; nothing if nobody says which."""
        if image.unknown is not None:
            asked = (image.truth != VOID) | image.unknown
            self.add_scores(
                {**image.uncertainty_scores, **image.unknown_scores},
                unknown=image.unknown,
                asked=asked,
            )

    def add_scores(
        self, scores: Mapping[str, np.ndarray], *, unknown: np.ndarray, asked: np.ndarray
    ) -> None:
        """scores: float32 (H, W) by name. unknown, asked: bool (H, W), the pixels that ought to
        score high, and all that are looked at."""
        self.images += 1
        self.with_things += bool(unknown.any())
        for name, values in scores.items():
            self.rankings.setdefault(name, Ranking()).add(values[asked], unknown[asked])

    def scores(self, confusion: ConfusionMatrix | None = None) -> UnknownDetectionScores | None:
        if not self.with_things:
            return None
        return UnknownDetectionScores(
            images=self.images,
            with_things=self.with_things,
            by_score={
                name: UnknownRanking(
                    auroc=null_if_undefined(ranking.auroc),
                    average_precision=null_if_undefined(ranking.average_precision),
                    fpr95=null_if_undefined(ranking.false_positive_rate()),
                )
                for name, ranking in self.rankings.items()
            },
        )
