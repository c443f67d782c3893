"""Does an uncertainty score find the wrong pixels? (misclassification detection)"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kerasseg.labels import VOID
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.ranking import Ranking
from kerasseg.metrics.scorer import Score, ScoredImage
from kerasseg.metrics.undefined import null_if_undefined, read_number

# What an export can give: runs are compared by these.
COMPARED = ("uncertainty", "variance")


@dataclass(frozen=True)
class RiskCoverage:
    """Points of the curve: of the share `coverage` of the pixels, those that score lowest, the
    share `risk` is wrong."""

    coverage: tuple[float, ...]
    risk: tuple[float, ...]


@dataclass(frozen=True)
class ErrorRanking:
    """How well one score finds errors: see Ranking. None where there are no errors, or only."""

    auroc: float | None
    average_precision: float | None
    risk_coverage_area: float | None
    generalized_risk_coverage_area: float | None
    curve: RiskCoverage


@dataclass(frozen=True)
class ErrorDetectionScores:
    """by_score: by name of the uncertainty score."""

    by_score: Mapping[str, ErrorRanking]

    def to_json(self) -> dict[str, Any]:
        return {
            "errors": {
                name: {
                    "auroc": ranking.auroc,
                    "average_precision": ranking.average_precision,
                    "risk_coverage_area": ranking.risk_coverage_area,
                    "generalized_risk_coverage_area": ranking.generalized_risk_coverage_area,
                    "risk_coverage": {
                        "coverage": list(ranking.curve.coverage),
                        "risk": list(ranking.curve.risk),
                    },
                }
                for name, ranking in self.by_score.items()
            }
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ErrorDetectionScores | None":
        if "errors" not in data:
            return None
        return cls(
            {
                name: ErrorRanking(
                    auroc=read_number(entry["auroc"]),
                    average_precision=read_number(entry["average_precision"]),
                    risk_coverage_area=read_number(entry["risk_coverage_area"]),
                    generalized_risk_coverage_area=read_number(
                        entry.get("generalized_risk_coverage_area")  # older files lack it
                    ),
                    curve=RiskCoverage(
                        coverage=tuple(map(float, entry["risk_coverage"]["coverage"])),
                        risk=tuple(map(float, entry["risk_coverage"]["risk"])),
                    ),
                )
                for name, entry in data["errors"].items()
            }
        )

    def summary(self) -> tuple[Score, ...]:
        own = [(name, self.by_score[name]) for name in COMPARED if name in self.by_score]
        return (
            *(Score(f"error AUROC, {n}", r.auroc, compared=True) for n, r in own),
            *(
                Score(f"error AUGRC, {n}", r.generalized_risk_coverage_area, "lower", compared=True)
                for n, r in own
            ),
        )


@dataclass
class ErrorDetectionScorer:
    """Sums over the evaluated pixels of a split; memory does not grow with it."""

    rankings: dict[str, Ranking] = field(default_factory=dict)

    def add(self, image: ScoredImage) -> None:
        valid = image.truth != VOID
        wrong = (image.labels != image.truth)[valid]
        for name, values in image.uncertainty_scores.items():
            self.rankings.setdefault(name, Ranking()).add(values[valid], wrong)

    def scores(self, confusion: ConfusionMatrix) -> ErrorDetectionScores | None:
        if not self.rankings:
            return None
        return ErrorDetectionScores(
            {n: _error_ranking(ranking) for n, ranking in self.rankings.items()}
        )


def _error_ranking(ranking: Ranking) -> ErrorRanking:
    coverage, risk = ranking.risk_coverage_points()
    return ErrorRanking(
        auroc=null_if_undefined(ranking.auroc),
        average_precision=null_if_undefined(ranking.average_precision),
        risk_coverage_area=null_if_undefined(ranking.risk_coverage_area),
        generalized_risk_coverage_area=null_if_undefined(ranking.generalized_risk_coverage_area),
        curve=RiskCoverage(tuple(coverage.tolist()), tuple(risk.tolist())),
    )
