"""What a model says of itself, held against the truth: calibration, errors, unknown things."""

from dataclasses import dataclass, field

import numpy as np

from kerasseg.labels import VOID
from kerasseg.metrics.calibration import Reliability
from kerasseg.metrics.ranking import Ranking


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


@dataclass
class PixelScores:
    """Streaming scores of `confidence` and `uncertainty`; memory does not grow with the split."""

    reliability: Reliability = field(default_factory=Reliability)
    errors: dict[str, Ranking] = field(default_factory=dict)
    unknown: dict[str, Ranking] = field(default_factory=dict)
    unknown_images: int = 0

    def __post_init__(self):
        for rankings in (self.errors, self.unknown):
            rankings.update({name: Ranking() for name in ("uncertainty", "1 - confidence")})

    def add(
        self,
        *,
        truth: np.ndarray,
        labels: np.ndarray,
        confidence: np.ndarray,
        uncertainty: np.ndarray,
        unknown: np.ndarray | None,
    ) -> None:
        """One image, all (H, W). truth, labels: uint8 trainIds, 255 in the truth is void.

        unknown: bool, pixels of things that no class covers, or None if the data does not say.
        Errors are looked for on evaluated pixels; unknown pixels stand against these.
        """
        valid = truth != VOID
        wrong = (labels != truth)[valid]
        scores = {"uncertainty": uncertainty, "1 - confidence": np.maximum(1 - confidence, 0)}
        self.reliability.add(confidence[valid], ~wrong)
        for name, values in scores.items():
            self.errors[name].add(values[valid], wrong)
        if unknown is None or not unknown.any():
            return
        self.unknown_images += 1
        asked = valid | unknown
        for name, values in scores.items():
            self.unknown[name].add(values[asked], unknown[asked])

    def to_json(self) -> dict:
        """`ece`, `errors` and, where an image had any, `unknown`; null where nothing is known."""
        found = {
            "ece": _number(self.reliability.error),
            "errors": {
                name: {
                    "auroc": _number(ranking.auroc),
                    "average_precision": _number(ranking.average_precision),
                    "risk_coverage_area": _number(ranking.risk_coverage_area),
                }
                for name, ranking in self.errors.items()
            },
        }
        if self.unknown_images:
            found["unknown"] = {
                "images": self.unknown_images,
                **{
                    name: {
                        "auroc": _number(ranking.auroc),
                        "average_precision": _number(ranking.average_precision),
                        "fpr95": _number(ranking.false_positive_rate()),
                    }
                    for name, ranking in self.unknown.items()
                },
            }
        return found
