"""Monte Carlo Dropout, the rival of the closed form, and other scores that need more than an
exported model gives: for comparison only, nothing here is deployed.

The net has Dropout in front of its head and nowhere else, so that sampled passes over the kept
features are exactly sampled passes of the whole net; the latter are there to be timed.
"""

import tensorflow as tf

from kerasseg.data.random_keys import uniform_bits
from kerasseg.data.resize import resize_bilinear
from kerasseg.models.dropout_moments import expected_confidence, probability_variance
from kerasseg.models.heads import closed_form_variance
from kerasseg.models.layers.dropout import dropped
from kerasseg.models.serving_graph import ServingGraph

PASSES = (3, 10, 50)
_IMAGE = tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")
_MAPS = tf.TensorSpec([None, None, None, None], tf.float32)
_COUNT = tf.TensorSpec([], tf.int32)


def _entropy(probabilities: tf.Tensor) -> tf.Tensor:
    """(B, H, W), in nats."""
    return tf.maximum(-tf.reduce_sum(tf.math.xlogy(probabilities, probabilities), axis=-1), 0.0)


class DropoutScores(tf.Module):
    """Scores of an image, each the higher the less its labels should be trusted.

    seed: of the sampled passes; pass k of an image is the same whenever it is computed.
    """

    def __init__(self, graph: ServingGraph, *, seed: int = 0):
        super().__init__(name="dropout_scores")
        self._graph = lambda: graph
        self._seed = seed

    @property
    def graph(self) -> ServingGraph:
        """The one whose scores these are."""
        return self._graph()

    def _sample(self, features: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Logits (B, h, w, C) of pass number `index` over features (B, h, w, D)."""
        graph = self._graph()
        bits = uniform_bits(tf.shape(features), seed=tf.stack([self._seed, index]))
        return graph.head(dropped(features, bits, rate=graph.dropout_rate))

    @tf.function(input_signature=[_IMAGE], autograph=False)
    def features(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Penultimate features and direct logits at working size."""
        return self._graph().working(image)

    @tf.function(input_signature=[_MAPS, _MAPS, _COUNT, _COUNT])
    def sums(
        self, features: tf.Tensor, logits: tf.Tensor, first: tf.Tensor, last: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Over the passes `first` … `last` - 1: the sum of the probabilities, and of the first and
        second power of what the logits differ from `logits` by; each (B, h, w, C)."""
        probabilities = deviation = squares = tf.zeros_like(logits)
        for index in tf.range(first, last):  # AutoGraph makes it a loop of the graph
            sampled = self._sample(features, index)
            probabilities += tf.nn.softmax(sampled)
            deviation += sampled - logits
            squares += tf.square(sampled - logits)
        return probabilities, deviation, squares

    @tf.function(input_signature=[_IMAGE, _COUNT], autograph=False)
    def whole_pass(self, image: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Probabilities (B, h, w, C) of one pass of the whole net, Dropout on."""
        return tf.nn.softmax(self._sample(self._graph().working(image)[0], index))

    @tf.function(input_signature=[_IMAGE, _MAPS], autograph=False)
    def predictive_entropy(self, image: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        """Entropy (B, H, W) of probabilities (B, h, w, C) resized to the image."""
        return _entropy(resize_bilinear(probabilities, tf.shape(image)[1:3]))

    @tf.function(input_signature=[_IMAGE, _MAPS, _MAPS], autograph=False)
    def closed(
        self, image: tf.Tensor, features: tf.Tensor, logits: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Scores that need no sample: `max logit`, as exp(-largest logit); `variance, no gate`,
        which is `variance` without it; and two of `dropout_moments`."""
        graph, size = self._graph(), tf.shape(image)[1:3]
        kernel, rate = graph.head.kernel, {"dropout_rate": graph.dropout_rate}
        maps = {
            "variance, no gate": closed_form_variance(features, kernel, **rate),
            "variance of probabilities": probability_variance(features, logits, kernel, **rate),
            "1 - expected confidence": 1.0 - expected_confidence(features, logits, kernel, **rate),
        }
        scores = {n: resize_bilinear(m[..., None], size)[..., 0] for n, m in maps.items()}
        scores["max logit"] = tf.exp(-tf.reduce_max(resize_bilinear(logits, size), axis=-1))
        return {name: tf.maximum(values, 0.0) for name, values in scores.items()}

    def __call__(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """image: uint8 (B, H, W, 3). Returns float32 (B, H, W) >= 0 by name.

        Those of `closed`. `MC Dropout K`: the entropy of the mean probabilities of K passes;
        `MC Dropout 50, 1 - confidence`: 1 - the largest of them. `MC variance 50`: the sampled
        `variance`, that is the unbiased variance of the logits, mean over classes, gated.
        """
        graph, size = self._graph(), tf.shape(image)[1:3]
        features, logits = self.features(image)
        scores = dict(self.closed(image, features, logits))
        totals, done = [tf.zeros_like(logits)] * 3, 0
        for passes in PASSES:
            more = self.sums(features, logits, tf.constant(done), tf.constant(passes))
            totals, done = [a + b for a, b in zip(totals, more, strict=True)], passes
            mean = totals[0] / passes
            scores[f"MC Dropout {passes}"] = self.predictive_entropy(image, mean)
        _, deviation, squares = totals
        largest = tf.reduce_max(resize_bilinear(mean, size), axis=-1)
        scores[f"MC Dropout {done}, 1 - confidence"] = tf.maximum(1.0 - largest, 0.0)
        variance = (squares - tf.square(deviation) / done) / (done - 1)
        variance = tf.maximum(tf.reduce_mean(variance, axis=-1), 0.0)
        if graph.background_id is not None:
            variance *= 1.0 - tf.nn.softmax(logits)[..., graph.background_id]
        scores[f"MC variance {done}"] = resize_bilinear(variance[..., None], size)[..., 0]
        return scores

    def whole_passes(self, image: tf.Tensor) -> tf.Tensor:
        """`MC Dropout 50` as one pays for it without knowing where the Dropout is."""
        total = tf.zeros([])
        for index in range(PASSES[-1]):
            total += self.whole_pass(image, tf.constant(index))
        return self.predictive_entropy(image, total / PASSES[-1])

    def head_passes(self, image: tf.Tensor) -> tf.Tensor:
        """`MC Dropout 50` with features that are computed once."""
        features, logits = self.features(image)
        total = self.sums(features, logits, tf.constant(0), tf.constant(PASSES[-1]))[0]
        return self.predictive_entropy(image, total / PASSES[-1])
