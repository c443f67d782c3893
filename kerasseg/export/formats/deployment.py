"""The module that is saved: the serving graph under the three names that TF Serving calls."""

from pathlib import Path

import tensorflow as tf

from kerasseg.export.formats.encoded import decode_image, encode_labels, encode_uncertainty
from kerasseg.models.serving_graph import ServingGraph

_BYTES = tf.TensorSpec([None], tf.string, name="image_bytes")


class Deployment(tf.Module):
    """Signatures `serving_default`, `probabilities` and `encoded` of one serving graph.

    max_pixels: largest image that `encoded` decodes. labels_file: JSON saved as an asset.
    """

    def __init__(
        self,
        graph: ServingGraph,
        *,
        max_pixels: int,
        labels_file: Path,
    ):
        super().__init__(name="deployment")
        # The variables alone: beside a Keras model they would be written twice, once for the
        # functions and once for the checkpoint, and a version-1 session restores only the latter.
        self.weights = graph.weights
        self._graph = lambda: graph
        self.labels_asset = tf.saved_model.Asset(str(labels_file))
        self._max_pixels = max_pixels

    def _one(self, data: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = decode_image(data, max_pixels=self._max_pixels)
        answer = self._graph().predict(image[None])
        return (
            encode_labels(answer["labels"][0]),
            encode_uncertainty(answer["uncertainty"][0]),
        )

    @tf.function(input_signature=[_BYTES], autograph=False)
    def encoded(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """PNG or JPEG strings (B,), sizes may differ, to strings (B,): PNGs of the labels and of
        the uncertainty. One image at a time, so that memory does not grow with the batch."""
        labels, uncertainty = tf.map_fn(
            self._one,
            image_bytes,
            fn_output_signature=(
                tf.TensorSpec([], tf.string),
                tf.TensorSpec([], tf.string),
            ),
            parallel_iterations=1,
        )
        return {"labels_png_bytes": labels, "uncertainty_png_bytes": uncertainty}

    def save(self, path: Path) -> None:
        """Writes the SavedModel; no optimizer, no Keras in it."""
        tf.saved_model.save(
            self,
            str(path),
            signatures={
                "serving_default": self._graph().predict.get_concrete_function(),
                "probabilities": self._graph().probabilities.get_concrete_function(),
                "encoded": self.encoded.get_concrete_function(),
            },
        )
