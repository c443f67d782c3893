"""The one definition of what happens to an image: scoring runs it, deployment runs it."""

import keras
import tensorflow as tf

from kerasseg.data.integer_root import integer_root
from kerasseg.data.resize import resize_bilinear, resize_image
from kerasseg.data.working_scale import WorkingScale
from kerasseg.labels import VOID
from kerasseg.models.dropout_moments import known_uncertainty, pair_variance
from kerasseg.models.heads import closed_form_variance, features_and_logits, head_of

_IMAGE = tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")


def labels_of(logits: tf.Tensor) -> tf.Tensor:
    """Logits (..., outputs) to the index of the largest, uint8 (...)."""
    return tf.cast(tf.argmax(logits, axis=-1, output_type=tf.int32), tf.uint8)


def _labels_and_powers(logits: tf.Tensor, *, temperature: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Arg max, and exp((x - max x) / temperature), with one copy of the logits x.

    The largest softmax probability is 1 / sum exp(x - max x). The subtraction comes last among
    the readers of the logits, so that it, and the exponential, may write over them.
    """
    labels, largest = labels_of(logits), tf.reduce_max(logits, axis=-1, keepdims=True)
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
    void trains, the last one, or None. temperature: > 0, divides the logits of all that is a
    probability. unlabelled_above: in 0…1, exactly the pixels with more uncertainty are answered
    unlabelled; None: those where the background wins. variance: whether `predict` gives it. No
    random op.
    """

    def __init__(
        self,
        net: keras.Model,
        *,
        scale: WorkingScale,
        background_id: int | None,
        dropout_rate: float,
        temperature: float = 1.0,
        unlabelled_above: float | None = None,
        variance: bool = False,
    ):
        super().__init__(name="serving")
        self._direct = features_and_logits(net)
        self.head = head_of(net)
        self._scale = scale
        self.background_id = background_id
        self.dropout_rate = dropout_rate
        self._temperature = temperature
        self._unlabelled_above = unlabelled_above
        self._variance = variance

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

    def mirrored(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns that the net adds to what it sees, of this (height, width)."""
        layer = self._direct.get_layer("pad_to_multiple")
        height, width = size
        return layer.padded(height) - height, layer.padded(width) - width

    def net_answers(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the net sees, float32 (B, h, w, 3) in 0…255, to logits (B, h, w, outputs) and their
        spread (B, h, w, 1), see `dropout_moments.pair_variance`: all that answers are made of."""
        features, logits = self._direct(images, training=False)
        spread = pair_variance(features, self.head.kernel, dropout_rate=self.dropout_rate)
        return logits, spread

    def _logits(self, images: tf.Tensor):
        """(features, logits) at working size and the logits resized to the size of the image."""
        features, logits = self.working(images)
        return features, logits, resize_bilinear(logits, tf.shape(images)[1:3])

    @tf.function(input_signature=[_IMAGE], autograph=False)
    def labels(self, image):
        """Only the trainIds, uint8 (B, H, W), as `predict` gives them."""
        features, working_logits, logits = self._logits(image)
        if self._unlabelled_above is None:
            return labels_of(logits)
        uncertainty = self._uncertainty(features, working_logits, size=tf.shape(image)[1:3])
        return self._known_or_void(logits, uncertainty)

    @tf.function(input_signature=[_IMAGE], autograph=False)
    def predict(self, image):
        """The answers by name; all (B, H, W) but the third.

        `labels` uint8, trainIds. `confidence` float32 in 0…1, the probability of the likeliest
        output. `uncertainty` float32 in 0…1, see `dropout_moments.known_uncertainty`, and
        `image_uncertainty` (B,), its mean. If asked for, `variance` float32 >= 0, squared logits:
        the closed-form variance of the logits under Dropout, mean over classes, times
        1 - p(background). Both are computed at working size, then resized.
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
        size = tf.shape(image)[1:3]
        uncertainty = self._uncertainty(features, working_logits, size=size)
        decided = self._unlabelled_above is not None
        known = self._known_or_void(logits, uncertainty) if decided else None
        labels, powers = _labels_and_powers(logits, temperature=self._temperature)
        answers = {
            "labels": known if decided else labels,
            "confidence": 1.0 / tf.reduce_sum(powers, axis=-1),
            "uncertainty": uncertainty,
            "image_uncertainty": tf.reduce_mean(uncertainty, axis=[1, 2]),
        }
        if self._variance:
            variance = self._gated_variance(features, working_logits)
            answers["variance"] = resize_bilinear(variance[..., None], size)[..., 0]
        return answers, powers

    def _uncertainty(self, features: tf.Tensor, logits: tf.Tensor, *, size) -> tf.Tensor:
        """(B, H, W), of features and logits at working size."""
        outputs = logits.shape[-1]
        uncertainty = known_uncertainty(
            features,
            logits,
            self.head.kernel,
            dropout_rate=self.dropout_rate,
            temperature=self._temperature,
            known=outputs if self.background_id is None else self.background_id,
        )
        return tf.clip_by_value(resize_bilinear(uncertainty[..., None], size)[..., 0], 0.0, 1.0)

    def _known_or_void(self, logits: tf.Tensor, uncertainty: tf.Tensor) -> tf.Tensor:
        """The likeliest known class, uint8 (B, H, W), void above the threshold."""
        void = VOID if self.background_id is None else self.background_id
        known = labels_of(logits[..., : self.background_id])
        return tf.where(uncertainty > self._unlabelled_above, tf.constant(void, tf.uint8), known)

    def _gated_variance(self, features: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """(B, h, w) float32 >= 0, at working size."""
        variance = closed_form_variance(features, self.head.kernel, dropout_rate=self.dropout_rate)
        if self.background_id is not None:
            variance *= 1.0 - _probability(logits, self.background_id)
        return variance

    @tf.function(input_signature=[_IMAGE], autograph=False)
    def probabilities(self, image):
        """softmax of the logits at the size of the image, float32 (B, H, W, outputs)."""
        logits = _tempered(self._logits(image)[2], self._temperature)
        return {"probabilities": tf.nn.softmax(logits)}
