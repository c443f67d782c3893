"""Scores as numbers from arrays, and `MeanIoU` as a Keras metric.

TensorFlow is imported when `MeanIoU` is asked for, not before.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerasseg.metrics.mean_iou import MeanIoU

__all__ = ["MeanIoU"]


def __getattr__(name: str) -> object:
    if name == "MeanIoU":
        from kerasseg.metrics.mean_iou import MeanIoU

        return MeanIoU
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
