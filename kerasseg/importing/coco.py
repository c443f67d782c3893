"""COCO: JSON of polygons, RLE or panoptic segments; also what Roboflow and CVAT export as COCO.

Polygons are drawn by pycocotools, in the order of the file, later over earlier; crowds first, since
they are what is left between the single things. Several files about the same images (annotators,
stuff beside things) are drawn one after the other, in the order of their names, stuff first.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kerasseg.errors import UserError
from kerasseg.importing.image_index import ImageIndex, parts_of
from kerasseg.importing.partition import split_of
from kerasseg.importing.shapes import FARTHEST, Mask, Shape
from kerasseg.importing.source import (
    BACKGROUND,
    Label,
    Labelled,
    MaskLabel,
    ShapesLabel,
    Source,
    SourceClass,
    class_name,
)
from kerasseg.labels import Color

_PATTERNS = "annotations/*.json", "*.json", "*/*.json"


@dataclass
class _Document:
    """One JSON file. split: by its name, else by its folder's."""

    path: Path
    images: list[dict]
    annotations: list[dict]
    categories: dict[str, dict]  # by id, as text: some tools write 5, some "5"
    split: str | None = None
    panoptic: Path | None = None  # the folder of its PNGs


@dataclass
class _Image:
    """What the files say of one image. labels: one for each file, shapes or a panoptic PNG."""

    path: Path
    split: str | None
    size: tuple[int, int]
    shapes: list[Shape] = field(default_factory=list)
    panoptic: MaskLabel | None = None


def read_coco(root: Path) -> Source:
    """Raises UserError if there is no COCO file, or pycocotools is not installed."""
    problems: list[str] = []
    documents = _documents(root, problems)
    if not all(document.panoptic for document in documents):
        pycocotools_mask()
    index = ImageIndex(root)
    images: dict[Path, _Image] = {}
    absent: list[str] = []
    not_drawn: Counter[str] = Counter()
    for document in documents:
        by_id: dict[str, _Image] = {}
        for entry in document.images:
            try:
                image = _image(entry, document, index, images)
            except UserError as error:
                problems.append(f"{document.path}: {error}")
                continue
            if image is None:
                absent.append(f"{entry.get('file_name')} ({document.path.name})")
            else:
                by_id[str(entry.get("id"))] = image
        known = {str(entry.get("id")) for entry in document.images}
        for annotation in sorted(document.annotations, key=lambda a: not a.get("iscrowd")):
            image = by_id.get(str(annotation.get("image_id")))
            if image is not None:
                try:
                    _add(annotation, image, document, not_drawn)
                except (LookupError, TypeError, ValueError, AttributeError) as error:
                    number = annotation.get("id")
                    problems.append(f"{document.path}: annotation {number} is damaged ({error!r})")
            elif str(annotation.get("image_id")) not in known:
                not_drawn["of an image that the file does not list"] += 1
    pairs = [
        Labelled(
            name=image.path.relative_to(root).with_suffix("").as_posix(),
            image=image.path,
            label=_label(image),
            split=image.split,
            empty=not image.shapes and image.panoptic is None,
        )
        for image in images.values()
    ]
    rest = None if any(document.panoptic for document in documents) else BACKGROUND
    return Source(
        classes=_classes(documents, rest),
        pairs=tuple(sorted(pairs, key=lambda pair: pair.name)),
        rest=rest,
        no_label=tuple(str(path) for path in index if path not in images and not _is_mask(path)),
        no_image=tuple(absent),
        problems=tuple(problems),
        notes=tuple(f"annotations {why}, not drawn: {n}" for why, n in not_drawn.items()),
    )


def _documents(root: Path, problems: list[str]) -> list[_Document]:
    """The files with outlines, stuff first; panoptic ones alone if there are some."""
    found = []
    for path in sorted({path for pattern in _PATTERNS for path in root.glob(pattern)}):
        try:
            content = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            problems.append(f"{path}: cannot be read as JSON ({error})")
            continue
        if isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys():
            found.append(_document(path, content))
    panoptic = [document for document in found if document.panoptic]
    things = [d for d in found if not d.path.name.startswith("person_keypoints")]
    chosen = panoptic or things or found
    if not chosen:
        raise UserError(
            "\n".join(problems)
            or f"{root}: found no JSON file with images, annotations and categories"
        )
    return sorted(chosen, key=lambda d: (not d.path.name.startswith("stuff"), str(d.path)))


def _document(path: Path, content: dict) -> _Document:
    """Raises UserError if one of the three lists is none."""
    for key in ("images", "annotations", "categories"):
        if not isinstance(content[key], list) or not all(isinstance(e, dict) for e in content[key]):
            raise UserError(f"{path}: {key} is no list of objects")
    panoptic = any("segments_info" in annotation for annotation in content["annotations"])
    folder = path.parent / path.stem
    return _Document(
        path=path,
        images=content["images"],
        annotations=content["annotations"],
        categories={str(entry.get("id")): entry for entry in content["categories"]},
        split=split_of(path.stem) or split_of(path.parent.name),
        panoptic=(folder if folder.is_dir() else path.parent) if panoptic else None,
    )


def _image(
    entry: dict, document: _Document, index: ImageIndex, images: dict[Path, _Image]
) -> _Image | None:
    """The image that the entry means, remembered in `images`; None if it is not there."""
    name = entry.get("file_name")
    height, width = entry.get("height"), entry.get("width")
    if not (isinstance(name, str) and isinstance(height, int) and isinstance(width, int)):
        raise UserError(f"image {entry.get('id')}: file_name, height or width is missing")
    words = [document.split] if document.split else []
    path = index.find(name, near=document.path.parent, words=words)
    if path is None:
        return None
    split = document.split or split_of("/".join(parts_of(name)[:-1]))
    return images.setdefault(path, _Image(path, split, (height, width)))


def _add(annotation: dict, image: _Image, document: _Document, not_drawn: Counter[str]) -> None:
    if document.panoptic is not None:
        image.panoptic = _panoptic(annotation, document)
        return
    category = document.categories.get(str(annotation.get("category_id")))
    name = class_name(category["name"]) if category else f"category {annotation.get('category_id')}"
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, list):
        polygons = [points for points in segmentation if isinstance(points, list)]
        drawable = [points for points in polygons if len(points) >= 6 and not len(points) % 2]
        if len(drawable) < len(polygons):
            not_drawn["with fewer than three points"] += 1
        if drawable:
            image.shapes.append(Shape(name, coco_polygons(drawable), _box(drawable)))
        elif not polygons:
            not_drawn["without outline (boxes alone)"] += 1
    elif isinstance(segmentation, dict):
        image.shapes.append(Shape(name, partial(coco_rle, segmentation, document.path)))
    else:
        not_drawn["without outline (boxes alone)"] += 1


def _panoptic(annotation: dict, document: _Document) -> MaskLabel:
    names: dict[int, str | None] = {0: None}
    for segment in annotation.get("segments_info", []):
        category = document.categories.get(str(segment.get("category_id")))
        if category:
            names[int(segment["id"])] = class_name(category["name"])
    assert document.panoptic is not None
    path = document.panoptic.joinpath(*parts_of(str(annotation.get("file_name"))))
    return MaskLabel(path, names, holds="segments")


def _label(image: _Image) -> Label:
    return image.panoptic or ShapesLabel(image.shapes, image.size)


def coco_polygons(polygons: Sequence[Sequence[float]]) -> Mask:
    """The union of polygons [x, y, x, y, …], by COCO's rule.

    Raises ValueError for what are no numbers, or too large ones, at which pycocotools crashes.
    """
    polygons = [[float(value) for value in points] for points in polygons]
    if not all(abs(value) <= FARTHEST for points in polygons for value in points):
        raise ValueError("coordinates that are no pixels")

    def mask(size: tuple[int, int]) -> np.ndarray:
        coco = pycocotools_mask()
        return coco.decode(coco.merge(coco.frPyObjects(polygons, *size))).astype(bool)

    return mask


def coco_rle(rle: dict, path: Path, size: tuple[int, int]) -> np.ndarray:
    """RLE, column after column: {"size": [H, W], "counts": list or compressed text}.

    Raises UserError naming `path` for one that is damaged or of another size.
    """
    coco = pycocotools_mask()
    counts = rle.get("counts")
    if rle.get("size") != [*size] or not isinstance(counts, list | str):
        raise UserError(f"{path}: RLE of size {rle.get('size')}, but the image is {list(size)}")
    if isinstance(counts, list):
        if sum(counts) != size[0] * size[1]:
            raise UserError(f"{path}: RLE of {sum(counts)} pixels, expected {size[0] * size[1]}")
        rle = coco.frPyObjects(rle, *size)
    try:
        return coco.decode(rle).astype(bool)
    except ValueError as error:
        raise UserError(f"{path}: damaged RLE ({error})") from None


def pycocotools_mask() -> Any:
    """The module `pycocotools.mask`; UserError if it is not installed."""
    try:
        from pycocotools import mask
    except ImportError:
        raise UserError(
            "outlines of COCO and CVAT need pycocotools, which is not installed: pip install "
            '"kerasseg[import]", or pip install pycocotools'
        ) from None
    return mask


def _classes(documents: Sequence[_Document], rest: str | None) -> tuple[SourceClass, ...]:
    """The categories by id, each name once.

    Roboflow's category 0 is the project, the supercategory of all others: left out if nothing is
    drawn as it.
    """
    colors: dict[str, Color | None] = {} if rest is None else {rest: None}
    for document in documents:
        parents = {class_name(entry.get("supercategory")) for entry in document.categories.values()}
        used = {str(annotation.get("category_id")) for annotation in document.annotations}
        for number, entry in sorted(document.categories.items(), key=_numerically):
            name = class_name(entry.get("name"))
            if number not in used and name in parents and entry.get("supercategory") == "none":
                continue
            colors[name] = colors.get(name) or _color(entry.get("color"))
    return tuple(SourceClass(name, color) for name, color in colors.items())


def _numerically(item: tuple[str, dict]) -> tuple[int, str]:
    return len(item[0]), item[0]


def _color(value: object) -> Color | None:
    try:
        red, green, blue = bytes(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return None
    return red, green, blue


def _box(polygons: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    xs = [x for points in polygons for x in points[::2]]
    ys = [y for points in polygons for y in points[1::2]]
    return min(xs), min(ys), max(xs), max(ys)


def _is_mask(path: Path) -> bool:
    """Whether it lies where COCO's PNG labels do."""
    return any(part.startswith(("panoptic_", "stuffthingmaps")) for part in path.parts)
