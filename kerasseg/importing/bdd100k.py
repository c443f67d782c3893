"""BDD100K: 8-bit PNGs of Cityscapes' trainIds, 255 = void, in one of two layouts.

seg/images/train/x.jpg      seg/labels/train/x_train_id.png
images/10k/train/x.jpg      labels/sem_seg/masks/train/x.png
"""

from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.importing.matching import Matches, keyed, match
from kerasseg.importing.partition import split_of
from kerasseg.importing.source import MaskLabel, Source, SourceClass
from kerasseg.labels import VOID, cityscapes_labels

_LAYOUTS = (
    ("seg/images", "seg/labels", "_train_id"),
    ("images/10k", "labels/sem_seg/masks", ""),
)


def read_bdd100k(root: Path) -> Source:
    """`root` or `root/bdd100k`. Raises UserError if none of the two layouts is there."""
    places = [
        (base / images, base / labels, end)
        for base in (root, root / "bdd100k")
        for images, labels, end in _LAYOUTS
        if (base / images).is_dir() and (base / labels).is_dir()
    ]
    if not places:
        wanted = " or ".join(f"{images}/ and {labels}/" for images, labels, _ in _LAYOUTS)
        raise UserError(f"{root}: expected {wanted}")
    labels = cityscapes_labels(void="ignore")
    names: dict[int, str | None] = {**dict(enumerate(labels.names)), VOID: None}
    found = Matches()
    for images, masks, end in places:
        found += match(
            keyed(images),
            keyed(masks, suffixes=(".png",), end=end),
            lambda path: MaskLabel(path, names),
            split=lambda key: split_of(key.partition("/")[0]),
        )
    return found.source(map(SourceClass, labels.names, labels.palette), rest=None)
