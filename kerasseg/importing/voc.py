"""Pascal VOC, and CVAT's "Segmentation mask", which adds a list of classes to the same folders.

    JPEGImages/x.jpg  SegmentationClass/x.png  ImageSets/Segmentation/{train,val}.txt  labelmap.txt

A palette PNG holds indices, an RGB one the colours that the palette has for them; 255 is void. A
labelmap.txt (`name:R,G,B::`) goes by colours, unless the PNG is gray.
"""

from collections.abc import Callable
from pathlib import Path

from kerasseg.data.label_png import read_png_header
from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.importing.class_map import voc_color
from kerasseg.importing.matching import Matches, keyed, match
from kerasseg.importing.source import BACKGROUND, MaskLabel, Source, SourceClass, class_name
from kerasseg.labels import Color

_NAMES = (
    "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse "
    "motorbike person pottedplant sheep sofa train tvmonitor"
)
_BORDER = 255  # void, and white-ish (224, 224, 192) in the palette
_SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}


def read_voc(root: Path) -> Source:
    """Folders of one year, or a folder of such (VOCdevkit). Raises UserError if there is none."""
    folders = [
        folder
        for folder in (root, *sorted(path for path in root.iterdir() if path.is_dir()))
        if (folder / "JPEGImages").is_dir() and (folder / "SegmentationClass").is_dir()
    ]
    if not folders:
        raise UserError(f"{root}: expected JPEGImages/ and SegmentationClass/")
    classes = _classes(root if (root / "labelmap.txt").is_file() else folders[0])
    by_index: dict[int, str | None] = {i: entry.name for i, entry in enumerate(classes)}
    by_index.setdefault(_BORDER, None)
    by_color: dict[int, str | None] = {
        _packed(entry.color): entry.name for entry in classes if entry.color is not None
    }
    by_color.setdefault(_packed(voc_color(_BORDER)), None)
    declared = any((folder / "labelmap.txt").is_file() for folder in (root, folders[0]))

    def label(path: Path) -> MaskLabel:
        kind = _kind(path)
        if kind in ("RGB", "RGBA") or (declared and kind == "palette"):
            return MaskLabel(path, by_color, holds="colors")
        return MaskLabel(path, by_index)

    found = Matches()
    for folder in folders:
        images, masks = folder / "JPEGImages", folder / "SegmentationClass"
        found += match(
            keyed(images), keyed(masks, suffixes=(".png",)), label, split=_splits(folder)
        )
    has_background = any(entry.name == BACKGROUND for entry in classes)
    return found.source(classes, rest=BACKGROUND if has_background else None)


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty, stripped. Raises UserError."""
    try:
        with os_errors(path, "cannot be read"):
            text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _classes(folder: Path) -> tuple[SourceClass, ...]:
    """Of labelmap.txt; else of a list of names, as LabelMe's converter leaves it; else VOC's."""
    if (folder / "labelmap.txt").is_file():
        return tuple(_labelmap(folder / "labelmap.txt"))
    lists = [folder / name for name in ("class_names.txt", "labels.txt")]
    file = next((path for path in lists if path.is_file()), None)
    names = read_lines(file) if file else _NAMES.split()
    names = [class_name(name) for name in names if name != "__ignore__"]
    return tuple(SourceClass(name, voc_color(number)) for number, name in enumerate(names))


def _labelmap(path: Path) -> list[SourceClass]:
    classes = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.startswith("#"):
            continue
        name, colon, rest = line.partition(":")
        values = rest.partition(":")[0].split(",")
        if not colon or len(values) != 3 or not all(value.strip().isdigit() for value in values):
            raise UserError(f"{path}: line {number} is {line[:60]}, expected name:R,G,B::")
        red, green, blue = (int(value) for value in values)
        classes.append(SourceClass(class_name(name), (red, green, blue)))
    return classes


def _splits(folder: Path) -> Callable[[str], str | None]:
    """The split of each name that a list in ImageSets/Segmentation has."""
    split_of_name: dict[str, str] = {}
    for path in sorted((folder / "ImageSets" / "Segmentation").glob("*.txt")):
        split = _SPLITS.get(path.stem.lower())  # not trainval, nor CVAT's default
        if split is not None:
            for line in read_lines(path):
                split_of_name.setdefault(line, split)
    return split_of_name.get


def _kind(path: Path) -> str:
    with os_errors(path, "cannot be read"), open(path, "rb") as file:
        header = read_png_header(file)
    return header.kind if header else ""  # MaskLabel says what is wrong with it


def _packed(color: Color | None) -> int:
    red, green, blue = color or (0, 0, 0)
    return red << 16 | green << 8 | blue
