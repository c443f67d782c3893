"""What a predictor says about one image."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.inference.pictures import overlay_picture, uncertainty_picture, write_pictures
from kerasseg.labels import VOID, LabelSet


@dataclass(frozen=True, eq=False)
class Prediction:
    """Labels of one image and how sure the model is of them.

    labels: uint8 (H, W) trainIds, the background's index (`label_set.background_id`) where it
    wins. confidence: float32 (H, W), 0…1. uncertainty: float32 (H, W) >= 0, squared logits.
    full_scale: uncertainty that a heat map draws brightest, > 0.
    probabilities: float32 (H, W, outputs), the background's last, if they were asked for.
    """

    labels: np.ndarray
    confidence: np.ndarray
    uncertainty: np.ndarray
    label_set: LabelSet
    full_scale: float
    probabilities: np.ndarray | None = None

    def with_uncertain_as_void(self, threshold: float) -> "Prediction":
        """The same, but pixels whose uncertainty is above `threshold` become unlabelled.

        Unlabelled is the background, or VOID (255) of a model that was trained without it.
        """
        background = self.label_set.background_id
        void = np.uint8(VOID if background is None else background)
        return replace(self, labels=np.where(self.uncertainty > threshold, void, self.labels))

    def label_ids(self) -> np.ndarray:
        """uint8 (H, W) label ids of the data set; void and background as the id of void."""
        return self.label_set.to_ids(self.labels)

    def overlay(self, image: np.ndarray, *, alpha: float = 0.55) -> Image.Image:
        """`image` under its label colours, with a legend below: an RGB picture.

        image: uint8 (H, W, 3), the one that was predicted. alpha: 0 (only the image) to 1 (only
        the colours). Raises UserError for an image of another size.
        """
        if image.shape != (*self.labels.shape, 3) or image.dtype != np.uint8:
            raise UserError(
                f"image: found {image.dtype} {image.shape}, allowed: uint8 "
                f"{(*self.labels.shape, 3)}, the image that was predicted"
            )
        return overlay_picture(image, self.labels, label_set=self.label_set, alpha=alpha)

    def uncertainty_map(self) -> Image.Image:
        """Heat map from 0 to `full_scale` with its colour bar: an RGB picture."""
        return uncertainty_picture(self.uncertainty, full_scale=self.full_scale)

    def save(self, folder: Path, name: str, *, image: np.ndarray | None = None) -> tuple[Path, ...]:
        """Writes `<name>_labels.png` (8-bit label ids of the data set), `<name>_uncertainty.png`
        and, if the image is given, `<name>_overlay.png`; none is ever seen half-written.

        Returns their paths. Raises UserError if they cannot be written.
        """
        folder = Path(folder)
        pictures = {folder / f"{name}_labels.png": Image.fromarray(self.label_ids())}
        if image is not None:
            pictures[folder / f"{name}_overlay.png"] = self.overlay(image)
        pictures[folder / f"{name}_uncertainty.png"] = self.uncertainty_map()
        write_pictures(pictures)
        return tuple(pictures)
