"""Layouts of annotation tools and data sets that no reader reads, told by what lies there."""

from itertools import islice
from pathlib import Path

# Name -> alternatives; a folder is taken for the first whose patterns, all of one alternative,
# match something. `*` is one name.
LAYOUTS: dict[str, tuple[tuple[str, ...], ...]] = {
    'CVAT\'s "Segmentation mask"': (("labelmap.txt", "SegmentationClass"),),
    "Pascal VOC": (("JPEGImages", "SegmentationClass"), ("*/JPEGImages", "*/SegmentationClass")),
    "Roboflow's semantic segmentation masks": (("*/_classes.csv",), ("_classes.csv",)),
    "COCO JSON": (
        ("annotations/instances_*.json",),
        ("annotations/*coco*.json",),
        ("*coco*.json",),
        ("*/*coco*.json",),
        ("annotations/instances*.json",),
        ("instances*.json",),
    ),
    "Mapillary Vistas": (
        ("training/images", "training/v*/labels"),
        ("train/images", "train/v*/labels"),
        ("training/images", "config*.json"),
    ),
    "KITTI": (("training/image_2", "training/semantic"),),
    "BDD100K": (
        ("seg/images", "seg/labels"),
        ("images/10k", "labels/sem_seg"),
        ("bdd100k/seg",),
        ("bdd100k/images/10k",),
    ),
    "A2D2": (("camera_lidar_semantic",), ("class_list.json",)),
    "Supervisely": (("meta.json", "*/ann"), ("meta.json", "ann")),
    "Ultralytics": (
        ("images/train", "masks/train"),
        ("images/train", "labels/train"),
        ("train/images/*", "train/labels/*.txt"),
    ),
    "Label Studio": (("task-*-annotation-*.png",), ("*/task-*-annotation-*.png",)),
}
_CITYSCAPES_ENDS = "_gtFine_polygons.json", "_gtFine_labelIds.png"
_LABELME_LOOKED_AT = 20  # JSON files


def known_layout(root: Path) -> str | None:
    """The name of the layout that `root` seems to have; None if it looks like none of them."""
    for name, alternatives in LAYOUTS.items():
        for patterns in alternatives:
            if all(next(root.glob(pattern), None) for pattern in patterns):
                return name
    polygons, ids = (next(root.glob(f"gtFine/*/*/*{end}"), None) for end in _CITYSCAPES_ENDS)
    if polygons and not ids:
        return "IDD, polygons without label PNGs"
    return "LabelMe" if _is_labelme(root) else None


def _is_labelme(root: Path) -> bool:
    """Whether a JSON file that begins as LabelMe's do lies beside an image of its name."""
    files = (path for depth in ("*", "*/*", "*/*/*") for path in root.glob(f"{depth}.json"))
    for path in islice(files, _LABELME_LOOKED_AT):
        beside = any(path.with_suffix(end).is_file() for end in (".jpg", ".jpeg", ".png"))
        if not beside:
            continue
        try:
            with open(path, "rb") as file:
                if b'"shapes"' in file.read(4096):
                    return True
        except OSError:
            continue
    return False
