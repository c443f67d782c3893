"""Crops that reach beyond the image: mirrored there, and marked as outside in the label."""

from dataclasses import dataclass

import tensorflow as tf

from kerasseg.labels import OUTSIDE


@dataclass(frozen=True)
class CropPlan:
    """Which pixels of an image make up a crop of it.

    inner: int32 (4,), top, left, height and width of the part of the image that has to be read.
    rows, columns: int32 (height,) and (width,) of the crop: where its pixels lie in that part.
    inside: bool (height,) and (width,), false beyond the image.
    """

    inner: tf.Tensor
    rows: tf.Tensor
    columns: tf.Tensor
    inside: tuple[tf.Tensor, tf.Tensor]

    def complete(self, image: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The crop, from the pixels of `inner`: image uint8 (H, W, 3), label uint8 (H, W)."""

        down, across = self.inside

        def mirrored() -> tuple[tf.Tensor, tf.Tensor]:
            crops = [
                tf.gather(tf.gather(pixels, self.rows, axis=0), self.columns, axis=1)
                for pixels in (image, label)
            ]
            return crops[0], tf.where(
                down[:, None] & across, crops[1], tf.constant(OUTSIDE, tf.uint8)
            )

        whole = tf.reduce_all(down) & tf.reduce_all(across)
        return tf.cond(whole, lambda: (image, label), mirrored)


def plan_crop(box: tf.Tensor, size: tf.Tensor) -> CropPlan:
    """box: int32 (4,), top, left, height and width, anywhere. size: int32 (2,) of the image.

    Beyond an edge the image is mirrored as often as need be, without the edge itself, as the net
    pads (`kerasseg.models.layers.padding`).
    """
    starts, places, inside = [], [], []
    for axis in (0, 1):
        side = size[axis]
        along = box[axis] + tf.range(box[2 + axis])
        inside.append((along >= 0) & (along < side))
        period = tf.maximum(2 * side - 2, 1)
        place = tf.abs(along) % period
        place = tf.minimum(place, tf.abs(period - place))
        starts.append(tf.reduce_min(place))
        places.append(place - starts[-1])
    read = [tf.reduce_max(place) + 1 for place in places]
    return CropPlan(
        inner=tf.stack([*starts, *read]),
        rows=places[0],
        columns=places[1],
        inside=(inside[0], inside[1]),
    )
