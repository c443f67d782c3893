"""What a model says of itself, held against the truth: calibration, errors, unknown things."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from kerasseg.labels import VOID
from kerasseg.metrics.boundaries import grown, lines_between
from kerasseg.metrics.calibration import Reliability
from kerasseg.metrics.ranking import Ranking
from kerasseg.metrics.undefined import null_if_undefined

EDGE_WIDTH = 3


@dataclass
class UnknownScores:
    """How well scores find the pixels of unknown things, summed over images."""

    rankings: dict[str, Ranking] = field(default_factory=dict)
    images: int = 0

    def add(
        self, scores: Mapping[str, np.ndarray], *, unknown: np.ndarray, asked: np.ndarray
    ) -> None:
        """scores: float32 (H, W) >= 0 by name. unknown, asked: bool (H, W), the pixels that ought
        to score high, and all that are looked at."""
        self.images += 1
        for name, values in scores.items():
            self.rankings.setdefault(name, Ranking()).add(values[asked], unknown[asked])

    def to_json(self) -> dict:
        return {
            "images": self.images,
            **{
                name: {
                    "auroc": null_if_undefined(ranking.auroc),
                    "average_precision": null_if_undefined(ranking.average_precision),
                    "fpr95": null_if_undefined(ranking.false_positive_rate()),
                }
                for name, ranking in self.rankings.items()
            },
        }


@dataclass
class PixelScores:
    """Streaming scores of what a model says; memory does not grow with the split.

    edges: the same as `reliability`, over pixels at a boundary of the truth alone: the "thick"
    ones of `training.boundary.find_boundaries` at width 3, in pixels of the label.
    """

    reliability: Reliability = field(default_factory=Reliability)
    edges: Reliability = field(default_factory=Reliability)
    errors: dict[str, Ranking] = field(default_factory=dict)
    unknown: UnknownScores = field(default_factory=UnknownScores)

    def add(
        self,
        *,
        truth: np.ndarray,
        labels: np.ndarray,
        confidence: np.ndarray,
        scores: Mapping[str, np.ndarray],
        unknown: np.ndarray | None,
        unknown_scores: Mapping[str, np.ndarray],
    ) -> None:
        """One image, all (H, W). truth, labels: uint8 trainIds, 255 in the truth is void.

        scores: float32 >= 0 by name, high where in doubt; unknown_scores: for unknown things only.
        unknown: bool, pixels of things that no class covers, or None if the data does not say.
        Errors are looked for on evaluated pixels; unknown pixels stand against these.
        """
        valid = truth != VOID
        wrong = (labels != truth)[valid]
        self.reliability.add(confidence[valid], ~wrong)
        near = valid & grown(lines_between(truth), width=EDGE_WIDTH)
        self.edges.add(confidence[near], (labels == truth)[near])
        for name, values in scores.items():
            self.errors.setdefault(name, Ranking()).add(values[valid], wrong)
        if unknown is not None and unknown.any():
            everything = {**scores, **unknown_scores}
            self.unknown.add(everything, unknown=unknown, asked=valid | unknown)

    def to_json(self) -> dict:
        """Calibration, `errors` and, where an image had any, `unknown`; null where nothing is
        known."""
        found = {
            "ece": null_if_undefined(self.reliability.error),
            "reliability": self.reliability.to_json(),
            "ece_boundary": null_if_undefined(self.edges.error),
            "reliability_boundary": self.edges.to_json(),
            "errors": {name: _of_errors(ranking) for name, ranking in self.errors.items()},
        }
        if self.unknown.images:
            found["unknown"] = self.unknown.to_json()
        return found


def _of_errors(ranking: Ranking) -> dict:
    coverage, risk = ranking.risk_coverage_points()
    return {
        "auroc": null_if_undefined(ranking.auroc),
        "average_precision": null_if_undefined(ranking.average_precision),
        "risk_coverage_area": null_if_undefined(ranking.risk_coverage_area),
        "risk_coverage": {"coverage": coverage.tolist(), "risk": risk.tolist()},
    }
