"""IoU of the classes, and the accuracies: what `metrics.json` starts with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import Score, ScoredImage
from kerasseg.metrics.undefined import null_if_undefined, read_number


@dataclass(frozen=True)
class ClassScore:
    """iou: None for a class in neither truth nor prediction. pixels: of the truth."""

    iou: float | None
    pixels: int


@dataclass(frozen=True)
class OverlapScores:
    """miou, pixel_accuracy, image_accuracy, confusion: see ConfusionMatrix; classes: by name."""

    miou: float | None
    pixel_accuracy: float | None
    image_accuracy: float | None
    classes: Mapping[str, ClassScore]
    confusion: tuple[tuple[int, ...], ...]

    def share_of_pixels(self, name: str) -> float | None:
        """Of the evaluated pixels of the truth, those of the class `name`."""
        total = sum(entry.pixels for entry in self.classes.values())
        return self.classes[name].pixels / total if total else None

    def to_json(self) -> dict[str, Any]:
        return {
            "miou": self.miou,
            "pixel_accuracy": self.pixel_accuracy,
            "image_accuracy": self.image_accuracy,
            "classes": {
                name: {"iou": entry.iou, "pixels": entry.pixels}
                for name, entry in self.classes.items()
            },
            "confusion": [list(row) for row in self.confusion],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "OverlapScores":
        return cls(
            miou=read_number(data["miou"]),
            pixel_accuracy=read_number(data["pixel_accuracy"]),
            image_accuracy=read_number(data["image_accuracy"]),
            classes={
                name: ClassScore(read_number(entry["iou"]), int(entry["pixels"]))
                for name, entry in data["classes"].items()
            },
            confusion=tuple(tuple(map(int, row)) for row in data["confusion"]),
        )

    def summary(self) -> tuple[Score, ...]:
        return (
            Score("mIoU", self.miou, compared=True),
            Score("pixel accuracy", self.pixel_accuracy, compared=True),
            Score("image accuracy", self.image_accuracy, compared=True),
        )


@dataclass
class OverlapScorer:
    """names: of the evaluated classes, by trainId."""

    names: tuple[str, ...]

    def add(self, image: ScoredImage) -> None:
        """Nothing to do: all of it is in the confusion matrix."""

    def scores(self, confusion: ConfusionMatrix) -> OverlapScores:
        pixels = confusion.counts[: confusion.classes].sum(axis=1)
        return OverlapScores(
            miou=null_if_undefined(confusion.miou),
            pixel_accuracy=null_if_undefined(confusion.pixel_accuracy),
            image_accuracy=null_if_undefined(confusion.image_accuracy),
            classes={
                name: ClassScore(null_if_undefined(iou), int(count))
                for name, iou, count in zip(self.names, confusion.iou, pixels, strict=True)
            },
            confusion=tuple(map(tuple, confusion.counts.tolist())),
        )
