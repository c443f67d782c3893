"""All scores of a split: the content of `metrics.json`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kerasseg.errors import UserError
from kerasseg.metrics.boundaries import BoundaryScores
from kerasseg.metrics.calibration import CalibrationScores
from kerasseg.metrics.categories import CategoryScores
from kerasseg.metrics.error_detection import ErrorDetectionScores
from kerasseg.metrics.forced_labels import ForcedScores
from kerasseg.metrics.image_scores import ImageScores
from kerasseg.metrics.instances import InstanceScores
from kerasseg.metrics.overlap import OverlapScores
from kerasseg.metrics.scorer import MetricScores, Score
from kerasseg.metrics.undefined import read_number
from kerasseg.metrics.unknown_detection import UnknownDetectionScores
from kerasseg.metrics.unknown_objects import UnknownObjectScores
from kerasseg.metrics.unlabelled import UnlabelledScores


@dataclass(frozen=True)
class TemperatureFit:
    """value: what the logits are divided by. ece_before, ece_after: of the images_scored images,
    on which it was not fitted, as the model is and at `value`."""

    value: float
    ece_before: float | None
    ece_after: float | None
    images_fitted: int
    images_scored: int

    def to_json(self) -> dict[str, Any]:
        return {"temperature": dict(vars(self))}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TemperatureFit | None":
        if "temperature" not in data:
            return None
        entry = data["temperature"]
        return cls(
            value=float(entry["value"]),
            ece_before=read_number(entry["ece_before"]),
            ece_after=read_number(entry["ece_after"]),
            images_fitted=int(entry["images_fitted"]),
            images_scored=int(entry["images_scored"]),
        )

    def summary(self) -> tuple[Score, ...]:
        return ()


@dataclass(frozen=True)
class Seconds:
    """by_way: medians per image, by what was computed."""

    by_way: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        return {"seconds": dict(self.by_way)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Seconds | None":
        if "seconds" not in data:
            return None
        return cls({name: float(value) for name, value in data["seconds"].items()})

    def summary(self) -> tuple[Score, ...]:
        return ()


@dataclass(frozen=True)
class SplitScores:
    """split: its name. images: how many it has. The rest is of one metric each, in the order of
    the file and under the names of the table of metrics; None where it was not measured."""

    split: str
    images: int
    overlap: OverlapScores
    forced: ForcedScores
    each_image: ImageScores
    categories: CategoryScores | None = None
    instances: InstanceScores | None = None
    boundaries: BoundaryScores | None = None
    calibration: CalibrationScores | None = None
    errors: ErrorDetectionScores | None = None
    unknown: UnknownDetectionScores | None = None
    unknown_objects: UnknownObjectScores | None = None
    unlabelled: UnlabelledScores | None = None
    temperature: TemperatureFit | None = None
    seconds: Seconds | None = None

    def parts(self) -> Iterator[MetricScores]:
        """What was measured, metric by metric."""
        for field in fields(self):
            part = getattr(self, field.name)
            if field.name not in ("split", "images") and part is not None:
                yield part

    def summary(self, *, rankings: bool = True) -> list[Score]:
        """The scores of all metrics that go into tables.

        rankings: with those of errors, unknown things and unlabelled pixels, for which a run has
        tables of its own.
        """
        own = (self.errors, self.unknown, self.unknown_objects, self.unlabelled)
        left_out = () if rankings else own
        parts = [part for part in self.parts() if not any(part is other for other in left_out)]
        return [score for part in parts for score in part.summary()]

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"split": self.split, "images": self.images}
        for part in self.parts():
            data |= part.to_json()
        return data

    @classmethod
    def from_json(cls, data: Any, *, source: str) -> "SplitScores":
        """The inverse of `to_json`. Raises UserError naming `source` for anything else."""
        try:
            return cls(
                split=str(data["split"]),
                images=int(data["images"]),
                overlap=OverlapScores.from_json(data),
                forced=ForcedScores.from_json(data),
                each_image=ImageScores.from_json(data),
                categories=CategoryScores.from_json(data),
                instances=InstanceScores.from_json(data),
                boundaries=BoundaryScores.from_json(data),
                calibration=CalibrationScores.from_json(data),
                errors=ErrorDetectionScores.from_json(data),
                unknown=UnknownDetectionScores.from_json(data),
                unknown_objects=UnknownObjectScores.from_json(data),
                unlabelled=UnlabelledScores.from_json(data),
                temperature=TemperatureFit.from_json(data),
                seconds=Seconds.from_json(data),
            )
        except KeyError as error:
            raise UserError(f"{source}: the key {error} is missing") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{source}: not the scores of a split ({error})") from None

    @classmethod
    def from_file(cls, path: Path) -> "SplitScores":
        """Like `from_json`, of a file. Raises UserError also if it cannot be read."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be read ({error})") from None
        return cls.from_json(data, source=str(path))
