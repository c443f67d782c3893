"""What leaving pixels unlabelled costs and brings, with thresholds from other images."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from kerasseg.labels import VOID
from kerasseg.metrics.abstention import Unlabelled, UnlabelledPixels
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.error_detection import COMPARED
from kerasseg.metrics.scorer import Score, ScoredImage
from kerasseg.metrics.undefined import read_number

SHARES = (0.005, 0.01, 0.02, 0.05)
COMPARED_SHARE = 0.02


@dataclass(frozen=True)
class UnlabelledPoint:
    """share: of the known pixels, given up at most where the threshold was fitted. threshold: None
    if the model's own answers give up more. scored: what it does on the other images."""

    share: float
    threshold: float | None
    scored: Unlabelled

    def to_json(self) -> dict[str, Any]:
        return {"share": self.share, "threshold": self.threshold, **asdict(self.scored)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "UnlabelledPoint":
        threshold = read_number(data["threshold"])
        return cls(float(data["share"]), threshold, _read(data))


@dataclass(frozen=True)
class UnlabelledRanking:
    """Of one score, on the scored images. own: as the model answers them, without a threshold.
    points: one for each of SHARES. curve: to a tenth of the known pixels given up."""

    own: Unlabelled
    points: tuple[UnlabelledPoint, ...]
    curve: tuple[Unlabelled, ...]

    def at(self, share: float) -> UnlabelledPoint | None:
        """The point of that share; None if there is none."""
        return next((point for point in self.points if point.share == share), None)

    def to_json(self) -> dict[str, Any]:
        columns = {name: [getattr(at, name) for at in self.curve] for name in asdict(self.own)}
        points = [point.to_json() for point in self.points]
        return {"own": asdict(self.own), "points": points, "curve": columns}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "UnlabelledRanking":
        curve = data["curve"]
        rows = zip(curve["given_up"], curve["miou"], curve["caught"], strict=True)
        return cls(
            own=_read(data["own"]),
            points=tuple(UnlabelledPoint.from_json(point) for point in data["points"]),
            curve=tuple(Unlabelled(*map(read_number, row)) for row in rows),
        )


def _read(data: Mapping[str, Any]) -> Unlabelled:
    return Unlabelled(*(read_number(data[key]) for key in ("given_up", "miou", "caught")))


@dataclass(frozen=True)
class UnlabelledScores:
    """images_fitted, images_scored: how many of either. by_score: by name of the score."""

    images_fitted: int
    images_scored: int
    by_score: Mapping[str, UnlabelledRanking]

    def to_json(self) -> dict[str, Any]:
        return {
            "unlabelled": {
                "images_fitted": self.images_fitted,
                "images_scored": self.images_scored,
                **{name: ranking.to_json() for name, ranking in self.by_score.items()},
            }
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "UnlabelledScores | None":
        if "unlabelled" not in data:
            return None
        entries = dict(data["unlabelled"])
        return cls(
            images_fitted=int(entries.pop("images_fitted")),
            images_scored=int(entries.pop("images_scored")),
            by_score={n: UnlabelledRanking.from_json(entry) for n, entry in entries.items()},
        )

    def summary(self, what: str = "unknown") -> tuple[Score, ...]:
        """what: unknown things are called in the names of the scores."""
        share, found = f"{COMPARED_SHARE:.0%}", []
        for name in COMPARED:
            point = self.by_score[name].at(COMPARED_SHARE) if name in self.by_score else None
            if point is not None and point.threshold is not None:
                found.append((name, point.scored))
        scores = (
            *(Score(f"{what} caught at {share}, {n}", s.caught, compared=True) for n, s in found),
            *(Score(f"mIoU with {share} unlabelled, {n}", s.miou, compared=True) for n, s in found),
        )
        return tuple(score for score in scores if score.value is not None)


def likeliest_known(probabilities: np.ndarray | None, *, classes: int) -> np.ndarray | None:
    """uint8 (H, W): the likeliest of the first `classes` outputs, of (H, W, outputs), or None."""
    if probabilities is None:
        return None
    return probabilities[..., :classes].argmax(axis=-1).astype(np.uint8)


@dataclass
class UnlabelledScorer:
    """Thresholds are fitted on every second image, the first among them, and scored on the others.

    classes: how many are evaluated; 0: which is right is not known. Memory does not grow.
    own: of the scored images, as the model answers them.
    """

    classes: int
    own: UnlabelledPixels = field(init=False)
    fitted: dict[str, UnlabelledPixels] = field(default_factory=dict)
    scored: dict[str, UnlabelledPixels] = field(default_factory=dict)
    images_fitted: int = 0
    images_scored: int = 0

    def __post_init__(self) -> None:
        self.own = UnlabelledPixels(self.classes)

    def add(self, image: ScoredImage) -> None:
        """Its labelled pixels are known. Nothing where only labels are given."""
        self.add_scores(
            {**image.uncertainty_scores, **image.unknown_scores},
            labels=image.labels,
            likeliest=likeliest_known(image.probabilities, classes=image.classes),
            classes=image.classes,
            known=image.truth != VOID,
            unknown=image.unknown,
            truth=image.truth,
            fitted=image.fitted,
        )

    def add_scores(
        self,
        scores: Mapping[str, np.ndarray],
        *,
        labels: np.ndarray,
        likeliest: np.ndarray | None,
        classes: int,
        known: np.ndarray,
        unknown: np.ndarray | None,
        truth: np.ndarray | None,
        fitted: bool,
    ) -> None:
        """scores: float32 (H, W) by name. labels: as they are answered, those from `classes` on are
        none. likeliest: labels if the threshold alone decides what is unlabelled, as in an export
        with `--unlabelled`; None: what is answered with no class is unlabelled, too. fitted: the
        thresholds are fitted on this image. The rest: see UnlabelledPixels.add."""
        if not scores:
            return
        self.images_fitted += fitted
        self.images_scored += not fitted
        if not fitted:
            zeros = np.zeros(labels.shape, np.float32)
            self.own.add(
                zeros,
                answered=labels < classes,
                known=known,
                unknown=unknown,
                truth=truth,
                labels=labels,
            )
        if likeliest is not None:
            labels = likeliest
        for name, values in scores.items():
            pixels = (self.fitted if fitted else self.scored).setdefault(
                name, UnlabelledPixels(0 if fitted else self.classes)
            )
            pixels.add(
                values,
                answered=labels < classes,
                known=known,
                unknown=unknown,
                truth=truth,
                labels=labels,
            )

    def scores(self, confusion: ConfusionMatrix | None = None) -> UnlabelledScores | None:
        common = [name for name in self.scored if name in self.fitted]
        if not common:
            return None
        return UnlabelledScores(
            self.images_fitted, self.images_scored, {n: self._ranking(n) for n in common}
        )

    def _ranking(self, name: str) -> UnlabelledRanking:
        fitted, scored = self.fitted[name], self.scored[name]
        thresholds = {share: fitted.threshold(share) for share in SHARES}
        return UnlabelledRanking(
            own=self.own.at(None),
            points=tuple(UnlabelledPoint(s, t, scored.at(t)) for s, t in thresholds.items()),
            curve=tuple(scored.curve()),
        )
