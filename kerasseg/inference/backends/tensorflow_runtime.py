"""An exported SavedModel in TensorFlow, without the code that trained it."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from kerasseg.errors import UserError
from kerasseg.inference.backends.tensorflow_threads import limit_threads
from kerasseg.inference.predictor import IMAGE_UNCERTAINTY, Predictor
from kerasseg.inference.tiles import Outputs
from kerasseg.runs.description import ModelDescription

SIGNATURE = "serving_default"
PROBABILITIES = "probabilities"


class SavedModelPredictor(Predictor):
    """A version directory of an export: the folder with `saved_model.pb` in it."""

    def __init__(self, path: Path, *, threads: int | None = None):
        """threads: of one pass; None: as many as cores.

        Raises UserError if it cannot be loaded, or is not of this project.
        """
        path = Path(path)
        # The asset goes where the SavedModel goes, even if only that is copied.
        texts = (path / "labels.json", path / "assets" / "labels.json")
        labels = next((text for text in texts if text.is_file()), None)
        if labels is None:
            raise UserError(
                f"{path}: a SavedModel, but not one that export.py wrote (no labels.json in it)"
            )
        super().__init__(ModelDescription.from_file(labels))
        limit_threads(threads)
        try:
            self._loaded = tf.saved_model.load(str(path))
        except (OSError, ValueError, tf.errors.OpError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{path}: cannot be loaded as a SavedModel ({reason})") from None
        if SIGNATURE not in self._loaded.signatures:
            raise UserError(f"{path}: a SavedModel without the signature {SIGNATURE}")

    @property
    def gives_probabilities(self) -> bool:
        return PROBABILITIES in self._loaded.signatures

    def compute(self, images: np.ndarray) -> Outputs:
        outputs = self._loaded.signatures[SIGNATURE](image=tf.constant(images))
        return {n: values.numpy() for n, values in outputs.items() if n != IMAGE_UNCERTAINTY}

    def compute_with_probabilities(self, images: np.ndarray) -> Outputs:
        """Two passes: an export has no signature for both."""
        outputs = self._loaded.signatures[PROBABILITIES](image=tf.constant(images))
        return {**self.compute(images), PROBABILITIES: outputs[PROBABILITIES].numpy()}
