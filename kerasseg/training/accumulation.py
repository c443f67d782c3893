"""Sums over the parts of a batch, of which one at a time takes memory."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from kerasseg.models.layers.batch_part import part_of_batch


def sum_over_parts(
    compute: Callable[..., list[tf.Tensor]],
    batch: Sequence[tf.Tensor],
    *,
    parts: int,
    like: Sequence[tf.TensorSpec],
) -> list[tf.Tensor]:
    """The sum of compute(*part) over the parts of a batch, one after the other.

    batch: tensors (B, …); part i has the images i, i + parts, … of each. like: shapes and dtypes
    of what `compute` returns. Raises ValueError if B is known and no multiple of `parts`.
    """
    divided = [_divided(values, parts) for values in batch]

    def add(index: int | tf.Tensor, sums: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        with part_of_batch(index, parts):
            found = compute(*(tf.gather(values, index, axis=1) for values in divided))
        return [total + value for total, value in zip(sums, found, strict=True)]

    sums = [tf.zeros(spec.shape, spec.dtype) for spec in like]
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        # One graph for all parts, that XLA, too, can only run one after the other.
        _, sums = tf.while_loop(
            lambda index, _: index < parts,
            lambda index, sums: (index + 1, add(index, sums)),
            (tf.constant(0), sums),
            parallel_iterations=1,
            maximum_iterations=parts,
        )
        return sums
    # Replicas cannot communicate within a loop's graph, as BatchNorm does.
    for index in range(parts):
        with tf.control_dependencies(sums):
            sums = add(index, sums)
    return sums


def _divided(values: tf.Tensor, parts: int) -> tf.Tensor:
    """(B, …) to (B / parts, parts, …)."""
    batch, *rest = values.shape
    if batch is not None and batch % parts:
        raise ValueError(f"batch: found {batch} images, expected a multiple of {parts}, the parts")
    if None in (*values.shape,):
        size = tf.shape(values)
        divided = tf.reshape(values, tf.concat([[-1, parts], size[1:]], axis=0))
        return tf.ensure_shape(divided, [None, parts, *rest])
    return tf.reshape(values, [batch // parts, parts, *rest])
