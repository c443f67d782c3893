"""The scores of each image by itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import Score, ScoredImage
from kerasseg.metrics.undefined import null_if_undefined, read_number


@dataclass(frozen=True)
class ImageScore:
    """name: of the sample. miou, pixel_accuracy: as of a split of this image alone."""

    name: str
    miou: float | None
    pixel_accuracy: float | None


@dataclass(frozen=True)
class ImageScores:
    """In the order of the split."""

    images: tuple[ImageScore, ...]

    def to_json(self) -> dict[str, Any]:
        return {"each_image": [asdict(image) for image in self.images]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ImageScores":
        return cls(
            tuple(
                ImageScore(
                    name=str(entry["name"]),
                    miou=read_number(entry["miou"]),
                    pixel_accuracy=read_number(entry["pixel_accuracy"]),
                )
                for entry in data["each_image"]
            )
        )

    def summary(self) -> tuple[Score, ...]:
        return ()


@dataclass
class ImageScorer:
    """images: with the place of each in the split."""

    images: list[tuple[int, ImageScore]] = field(default_factory=list)

    def add(self, image: ScoredImage) -> None:
        matrix = image.confusion
        miou, accuracy = map(null_if_undefined, (matrix.miou, matrix.pixel_accuracy))
        self.images.append((image.place, ImageScore(image.name, miou, accuracy)))

    def scores(self, confusion: ConfusionMatrix) -> ImageScores:
        ordered = sorted(self.images, key=lambda entry: entry[0])
        return ImageScores(tuple(score for _, score in ordered))
