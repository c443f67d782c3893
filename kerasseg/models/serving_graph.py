"""The one definition of what happens to an image: scoring runs it, deployment runs it."""

import keras
import tensorflow as tf

from kerasseg.data.integer_root import integer_root
from kerasseg.data.resize import resize_bilinear, resize_image
from kerasseg.data.working_scale import WorkingScale
from kerasseg.models.dropout_moments import expected_confidence
from kerasseg.models.heads import closed_form_variance, features_and_logits, head_of

_IMAGE = tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")


def _argmax(logits: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.argmax(logits, axis=-1, output_type=tf.int32), tf.uint8)


def _labels_and_powers(logits: tf.Tensor, *, temperature: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Arg max, and exp((x - max x) / temperature), with one copy of the logits x.

    The largest softmax probability is 1 / sum exp(x - max x). The subtraction comes last among
    the readers of the logits, so that it, and the exponential, may write over them.
    """
    labels, largest = _argmax(logits), tf.reduce_max(logits, axis=-1, keepdims=True)
    with tf.control_dependencies([labels, largest]):
        shifted = logits - largest
    return labels, tf.exp(_tempered(shifted, temperature))


def _tempered(logits: tf.Tensor, temperature: float) -> tf.Tensor:
    return logits if temperature == 1.0 else logits / temperature


def _probability(logits: tf.Tensor, index: int) -> tf.Tensor:
    """softmax(logits)[..., index] = 1 / sum exp(x - x_index), without the other classes.

    ONNX Runtime's Softmax over a short last axis took as long as half of the convolutions.
    Infinity, where exp overflows, gives the right 0.
    """
    return 1.0 / tf.reduce_sum(tf.exp(logits - logits[..., index : index + 1]), axis=-1)


class ServingGraph(tf.Module):
    """uint8 RGB image of any size -> labels, confidence, uncertainty at that size.

    net: the float32 functional model. scale: at which it sees an image. background_id: output that
    void trains, or None. temperature: > 0, divides the logits of confidence and probabilities;
    labels and uncertainty do not know of it. confidence: "softmax", the largest probability, or
    "expected", about its mean over Dropout, see `dropout_moments`. No random op.
    """

    def __init__(
        self,
        net: keras.Model,
        *,
        scale: WorkingScale,
        background_id: int | None,
        dropout_rate: float,
        temperature: float = 1.0,
        confidence: str = "softmax",
    ):
        super().__init__(name="serving")
        self._direct = features_and_logits(net)
        self.head = head_of(net)
        self._scale = scale
        self.background_id = background_id
        self.dropout_rate = dropout_rate
        self._temperature = temperature
        self._confidence = confidence

    @property
    def weights(self) -> list[tf.Variable]:
        """TensorFlow's own variables of the net."""
        return [variable.value for variable in self._direct.variables]

    def preprocess(self, images: tf.Tensor) -> tf.Tensor:
        """uint8 (B, H, W, 3) to what the net sees: float32 (B, h, w, 3), whole gray levels."""
        shape = tf.shape(images, out_type=tf.int64)
        size = shape[1], shape[2]
        seen = self._scale.image_size(*size, root=integer_root, maximum=tf.maximum)
        blocks = self._scale.blocks(*size, root=integer_root)
        # Float first, though four times as much to gather: most readers of ONNX have no Gather of
        # uint8 (opencv#19499, TensorRT#2809).
        images = tf.cast(images, tf.float32)
        return resize_image(images, tf.stack(seen), blocks=blocks)

    def working(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """uint8 (B, H, W, 3) to penultimate features (B, h, w, D) and logits (B, h, w, outputs),
        at working size."""
        features, logits = self._direct(self.preprocess(images), training=False)
        return features, logits

    def _logits(self, images: tf.Tensor):
        """(features, logits) at working size and the logits resized to the size of the image."""
        features, logits = self.working(images)
        return features, logits, resize_bilinear(logits, tf.shape(images)[1:3])

    @tf.function(input_signature=[_IMAGE], autograph=False)
    def labels(self, image):
        """Only the trainIds, uint8 (B, H, W); the background's index where it wins."""
        return _argmax(self._logits(image)[2])

    @tf.function(input_signature=[_IMAGE], autograph=False)
    def predict(self, image):
        """Labels uint8, confidence float32 in 0…1 and uncertainty float32 >= 0, all (B, H, W).

        Uncertainty is the closed-form variance of the logits, mean over classes, times
        1 - p(background), at working size, then resized, as an expected confidence is.
        """
        return self._answers(image)[0]

    @tf.function(input_signature=[_IMAGE], autograph=False)
    def predict_with_probabilities(self, image):
        """`predict` and `probabilities` in one pass: what scores are made of."""
        answers, powers = self._answers(image)
        return {**answers, "probabilities": powers / tf.reduce_sum(powers, axis=-1, keepdims=True)}

    def _answers(self, image: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """What `predict` says, and probabilities at the size of the image times their sum."""
        features, working_logits, logits = self._logits(image)
        uncertainty = closed_form_variance(
            features, self.head.kernel, dropout_rate=self.dropout_rate
        )
        if self.background_id is not None:
            uncertainty *= 1.0 - _probability(working_logits, self.background_id)
        size = tf.shape(image)[1:3]
        labels, powers = _labels_and_powers(logits, temperature=self._temperature)
        if self._confidence == "expected":
            confidence = expected_confidence(
                features,
                working_logits,
                self.head.kernel,
                dropout_rate=self.dropout_rate,
                temperature=self._temperature,
            )
            confidence = resize_bilinear(confidence[..., None], size)[..., 0]
        else:
            confidence = 1.0 / tf.reduce_sum(powers, axis=-1)
        answers = {
            "labels": labels,
            "confidence": confidence,
            "uncertainty": resize_bilinear(uncertainty[..., None], size)[..., 0],
        }
        return answers, powers

    @tf.function(input_signature=[_IMAGE], autograph=False)
    def probabilities(self, image):
        """softmax of the logits at the size of the image, float32 (B, H, W, outputs)."""
        logits = _tempered(self._logits(image)[2], self._temperature)
        return {"probabilities": tf.nn.softmax(logits)}
