"""Mean IoU as a Keras metric that counts pixels in int64."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="kerasseg")
class MeanIoU(keras.metrics.Metric):
    """Mean intersection over union of all pixels seen since the last reset.

    The IoU of a class is TP / (TP + FP + FN) of one confusion matrix over all batches, as
    Cityscapes and PASCAL VOC define it (Everingham et al., 2015); the mean leaves out classes that
    occur neither in the labels nor in the predictions. The matrix is int64, so the counts stay
    exact whatever the size of the data set; `keras.metrics.MeanIoU` counts in float32, which is
    exact up to 2**24 pixels.

    Args:
        num_classes: Number of classes C. Classes are the labels 0 ... C - 1.
        ignore_index: Label of the pixels to leave out, or None. It may lie outside the classes,
            as void does (255, -1), or be a class, which then is no class but background.
        name: Name of the metric, the key in the logs of `fit`.
        dtype: Of the result; floatx, that is float32, by default. The IoUs themselves are
            computed in float64.

    Raises:
        ValueError: If `num_classes` is under 1.

    Example:

    >>> import keras, kerasseg, numpy as np
    >>> y_true = np.array([[[0, 0, 1, 255]]], np.uint8)  # (1, 1, 4), the last pixel is void
    >>> y_pred = np.array([[[0, 1, 1, 0]]])
    >>> metric = kerasseg.metrics.MeanIoU(num_classes=2)
    >>> metric.update_state(y_true, y_pred)
    >>> float(metric.result())
    0.5

    With `compile`, here of a net that has one more output, for background:

    >>> model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(20, 1)])
    >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    >>> model.compile(loss=loss, metrics=[kerasseg.metrics.MeanIoU(num_classes=19)])
    >>> images, labels = np.ones((2, 8, 8, 3)), np.zeros((2, 8, 8), np.uint8)
    >>> logs = model.evaluate(images, labels, verbose=0, return_dict=True)
    >>> sorted(logs)
    ['loss', 'mean_iou']
    """

    def __init__(
        self,
        num_classes: int,
        *,
        ignore_index: int | None = 255,
        name: str = "mean_iou",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if num_classes < 1:
            raise ValueError(f"num_classes={num_classes}: expected at least 1")
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        # Rows are labels, columns predictions; the last of each is whatever is no class.
        self.counts = self.add_variable(
            (num_classes + 1, num_classes + 1), "zeros", dtype="int64", name="counts"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: None = None) -> None:
        """Adds the pixels of a batch.

        Args:
            y_true: Labels, (B, H, W), whole numbers of any dtype. A label that is neither a class
                nor `ignore_index` makes the result nan until the next reset.
            y_pred: Logits or probabilities, (B, H, W, channels), of which the largest counts; or
                integer labels, (B, H, W). A channel or label beyond the classes, such as
                background, is a miss.
            sample_weight: None. Pixels are counted, not weighed.

        Raises:
            ValueError: If the shapes do not fit, labels are predicted as floats, there are fewer
                channels than classes, or `sample_weight` is given.
        """
        if sample_weight is not None:
            raise ValueError(
                f"{self.name} takes no sample_weight: give it as metrics=, not weighted_metrics="
            )
        # Under MirroredStrategy, `fit` first calls with float32 stand-ins, whatever the labels are.
        truth = tf.cast(y_true, tf.int64)
        prediction = self._labels(tf.convert_to_tensor(y_pred), rank=truth.shape.rank)
        if not truth.shape.is_compatible_with(prediction.shape):
            raise ValueError(f"y_true is {truth.shape}, but y_pred has labels {prediction.shape}")
        side = self.num_classes + 1
        cells = self._index(truth) * side + self._index(prediction)
        if self.ignore_index is not None:
            # They go to one cell more, which is dropped: no shape depends on the values.
            cells = tf.where(truth != self.ignore_index, cells, side * side)
        # tf.math.bincount computes its size from the values, which XLA does not compile.
        counts = tf.raw_ops.DenseBincount(
            input=tf.reshape(cells, [-1]), size=side * side + 1, weights=tf.constant([], tf.int32)
        )
        self.counts.assign_add(tf.cast(tf.reshape(counts[:-1], [side, side]), tf.int64))

    def _labels(self, y_pred: tf.Tensor, *, rank: int | None) -> tf.Tensor:
        """int64 labels from labels or from one channel per class."""
        if rank is None or y_pred.shape.rank != rank + 1:
            if not y_pred.dtype.is_integer:
                raise ValueError(
                    f"y_pred is {y_pred.dtype.name} {y_pred.shape}: expected integer labels, or "
                    "one channel per class after the axes of y_true"
                )
            return tf.cast(y_pred, tf.int64)
        channels = y_pred.shape[-1]
        if channels is not None and channels < self.num_classes:
            raise ValueError(f"y_pred has {channels} channels for {self.num_classes} classes")
        return tf.argmax(y_pred, axis=-1)

    def _index(self, labels: tf.Tensor) -> tf.Tensor:
        """int32 row or column of each label."""
        is_class = (labels >= 0) & (labels < self.num_classes)
        if self.ignore_index is not None:
            is_class &= labels != self.ignore_index
        return tf.cast(tf.where(is_class, labels, self.num_classes), tf.int32)

    def class_iou(self) -> tf.Tensor:
        """IoU of each class.

        Returns:
            float64 (C,), 0 ... 1; nan for a class that occurs in neither labels nor predictions.
        """
        counts = tf.convert_to_tensor(self.counts)[:-1]
        hits = tf.linalg.diag_part(counts[:, :-1])
        union = tf.reduce_sum(counts, axis=1) + tf.reduce_sum(counts[:, :-1], axis=0) - hits
        return hits / union  # of integers: in float64, and 0 / 0 is nan

    def result(self) -> tf.Tensor:
        """Mean IoU.

        Returns:
            Scalar of the metric's dtype, 0 ... 1; nan if no class occurs, or if a label was
            neither a class nor `ignore_index`.
        """
        iou = self.class_iou()
        occurs = ~tf.math.is_nan(iou)
        mean = tf.reduce_sum(tf.where(occurs, iou, 0)) / tf.math.count_nonzero(
            occurs, dtype=iou.dtype
        )
        unknown_labels = tf.reduce_sum(tf.convert_to_tensor(self.counts)[-1])
        return tf.cast(tf.where(unknown_labels == 0, mean, float("nan")), self.dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "ignore_index": self.ignore_index,
        }
