"""KITTI's semantic benchmark: training/image_2 with training/semantic, PNGs of Cityscapes labelIds.

Where semantic/ is missing, instance/ has the same: labelId * 256 + instance in 16 bits.
"""

from pathlib import Path
from typing import Literal

from kerasseg.errors import UserError
from kerasseg.importing.matching import keyed, match
from kerasseg.importing.source import MaskLabel, Source, SourceClass
from kerasseg.labels import cityscapes_labels


def read_kitti(root: Path) -> Source:
    """Its testing/ has no labels and is not looked at. Raises UserError if labels are missing."""
    training = root / "training"
    holds: Literal["ids", "instances"] = "ids"
    masks = keyed(training / "semantic", suffixes=(".png",))
    if not masks:
        masks, holds = keyed(training / "instance", suffixes=(".png",)), "instances"
    if not masks:
        raise UserError(f"{training}: expected image_2/ with semantic/ or instance/")
    labels = cityscapes_labels(void="ignore")
    names: dict[int, str | None] = dict.fromkeys(labels.void_ids)
    names |= dict(zip(labels.ids, labels.names, strict=True))
    found = match(
        keyed(training / "image_2"),
        masks,
        lambda path: MaskLabel(path, names, holds=holds),
        split=lambda key: None,
    )
    return found.source(map(SourceClass, labels.names, labels.palette), rest=None)
