"""Layouts of tools and data sets that `kerasseg import` reads, told by what lies in a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

_CITYSCAPES_ENDS = "_gtFine_polygons.json", "_gtFine_labelIds.png"
_LOOKED_INTO = 20  # files at most
_BYTES = 1 << 16  # of the beginning and of the end of each


@dataclass(frozen=True)
class Layout:
    """title: what people call it. recognises: whether a folder looks like it."""

    title: str
    recognises: Callable[[Path], bool]


def _files(*alternatives: tuple[str, ...]) -> Callable[[Path], bool]:
    """Whether all patterns of one of the alternatives match something; `*` is one name."""

    def recognises(root: Path) -> bool:
        return any(
            all(next(root.glob(pattern), None) for pattern in patterns) for patterns in alternatives
        )

    return recognises


def _beginnings_and_ends(root: Path, *patterns: str) -> list[tuple[Path, bytes]]:
    """Of the first files that match."""
    paths = chain.from_iterable(sorted(root.glob(pattern)) for pattern in patterns)
    texts = []
    for path in islice(paths, _LOOKED_INTO):
        try:
            with open(path, "rb") as file:
                text = file.read(_BYTES)
                file.seek(max(file.seek(0, 2) - _BYTES, len(text)))
                texts.append((path, text + file.read(_BYTES)))
        except OSError:
            continue
    return texts


def _is_coco(root: Path) -> bool:
    texts = _beginnings_and_ends(root, "annotations/*.json", "*.json", "*/*.json")
    keys = b'"images"', b'"annotations"', b'"categories"'
    return any(
        "coco" in path.name.lower()
        or path.name.startswith("instances")
        or (text.lstrip()[:1] == b"{" and sum(key in text for key in keys) >= 2)
        for path, text in texts
    )


def _is_label_studio(root: Path) -> bool:
    if _files(("task-*-annotation-*.png",), ("*/task-*-annotation-*.png",))(root):
        return True
    texts = _beginnings_and_ends(root, "*.json", "*/*.json")
    return any(b'"result"' in text and b'"from_name"' in text for _, text in texts)


def _is_cvat_images(root: Path) -> bool:
    texts = _beginnings_and_ends(root, "*.xml", "*/*.xml")
    return any(b"<annotations>" in text and b"<image " in text for _, text in texts)


def _is_idd(root: Path) -> bool:
    polygons, ids = (next(root.glob(f"gtFine/*/*/*{end}"), None) for end in _CITYSCAPES_ENDS)
    return polygons is not None and ids is None


def _is_labelme(root: Path) -> bool:
    """Whether a JSON file that begins or ends as LabelMe's do is there."""
    texts = _beginnings_and_ends(root, "*.json", "*/*.json", "*/*/*.json")
    return any(b'"shapes"' in text and b'"imagePath"' in text for _, text in texts)


# The name that `kerasseg import --format` takes -> its layout. A folder is taken for the first one
# that recognises it.
LAYOUTS: dict[str, Layout] = {
    "cvat": Layout('CVAT\'s "Segmentation mask"', _files(("labelmap.txt", "SegmentationClass"))),
    "cvat_images": Layout('CVAT\'s "CVAT for images"', _is_cvat_images),
    "voc": Layout(
        "Pascal VOC",
        _files(("JPEGImages", "SegmentationClass"), ("*/JPEGImages", "*/SegmentationClass")),
    ),
    "roboflow": Layout(
        "Roboflow's semantic segmentation masks", _files(("*/_classes.csv",), ("_classes.csv",))
    ),
    "mapillary": Layout(
        "Mapillary Vistas",
        _files(
            ("training/images", "training/v*/labels"),
            ("train/images", "train/v*/labels"),
            ("training/images", "config*.json"),
        ),
    ),
    "kitti": Layout(
        "KITTI",
        _files(
            ("training/image_2", "training/semantic"), ("training/image_2", "training/instance")
        ),
    ),
    "bdd100k": Layout(
        "BDD100K",
        _files(
            ("seg/images", "seg/labels"),
            ("images/10k", "labels/sem_seg"),
            ("bdd100k/seg",),
            ("bdd100k/images/10k",),
        ),
    ),
    "a2d2": Layout("A2D2", _files(("camera_lidar_semantic",), ("class_list.json",))),
    "supervisely": Layout("Supervisely", _files(("meta.json", "*/ann"), ("meta.json", "ann"))),
    "label_studio": Layout("Label Studio", _is_label_studio),
    "coco_stuff": Layout("COCO-Stuff's PNGs", _files(("stuffthingmaps",))),
    "coco": Layout("COCO JSON", _is_coco),
    "ultralytics": Layout(
        "Ultralytics",
        _files(
            ("images/train", "masks/train"),
            ("images/train", "labels/train"),
            ("train/images/*", "train/labels/*.txt"),
        ),
    ),
    "idd": Layout("IDD, polygons without label PNGs", _is_idd),
    "labelme": Layout("LabelMe", _is_labelme),
}


def known_layout(root: Path) -> str | None:
    """The name of the layout that `root` seems to have; None if it looks like none of them."""
    return next((name for name, layout in LAYOUTS.items() if layout.recognises(root)), None)
