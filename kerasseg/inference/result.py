"""What a predictor says about one image."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.inference.pictures import overlay_picture, uncertainty_picture, write_pictures
from kerasseg.labels import LabelSet


@dataclass(frozen=True, eq=False)
class Prediction:
    """Labels of one image and how sure the model is of them.

    labels: uint8 (H, W) trainIds, the background's index (`label_set.background_id`, or 255) where
    it wins or nothing is known. confidence: float32 (H, W), 0…1, the probability of the likeliest
    output. uncertainty: float32 (H, W), 0…1: 1 - the largest probability of a known class.
    unlabelled_above: uncertainty above which the model answers unlabelled, or None.
    variance: float32 (H, W) >= 0, squared logits, of models that give it.
    probabilities: float32 (H, W, outputs), the background's last, if they were asked for.
    """

    labels: np.ndarray
    confidence: np.ndarray
    uncertainty: np.ndarray
    label_set: LabelSet
    unlabelled_above: float | None = None
    variance: np.ndarray | None = None
    probabilities: np.ndarray | None = None

    @property
    def image_uncertainty(self) -> float:
        """The mean uncertainty of the pixels, 0…1: the higher, the more a label of it is worth."""
        return float(self.uncertainty.mean(dtype=np.float64))

    @property
    def unlabelled(self) -> np.ndarray:
        """bool (H, W): what the model answers to be none of its classes."""
        return self.labels >= self.label_set.num_classes

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
        """Heat map from 0 to 1 with its colour bar, `unlabelled_above` marked: an RGB picture."""
        return uncertainty_picture(self.uncertainty, threshold=self.unlabelled_above)

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
