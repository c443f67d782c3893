"""Scores of a split that nobody measured."""

from kerasseg.metrics.forced_labels import ForcedScores
from kerasseg.metrics.image_scores import ImageScores
from kerasseg.metrics.overlap import ClassScore, OverlapScores
from kerasseg.metrics.split_scores import SplitScores


def made_scores(
    classes, *, miou=0.5, pixel_accuracy=0.75, image_accuracy=0.625, confusion=None, **more
):
    """classes: {name: (IoU, pixels)}. more: further fields of SplitScores."""
    side = len(classes) + 1
    return SplitScores(
        **{
            "split": "val",
            "images": 3,
            "overlap": OverlapScores(
                miou=miou,
                pixel_accuracy=pixel_accuracy,
                image_accuracy=image_accuracy,
                classes={name: ClassScore(*entry) for name, entry in classes.items()},
                confusion=confusion or ((0,) * side,) * side,
            ),
            "forced": ForcedScores(None),
            "each_image": ImageScores(()),
            **more,
        }
    )
