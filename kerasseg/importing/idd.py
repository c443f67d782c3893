"""IDD, and Cityscapes of which only polygons are there.

    leftImg8bit/train/001/x_leftImg8bit.png  gtFine/train/001/x_gtFine_polygons.json

Polygons are painted in their order, later over earlier, as the Cityscapes scripts do (Pillow's
rule); deleted ones and license plates are left out, `cargroup` is car. What none covers is void.
"""

from pathlib import Path

from kerasseg.data.image_file import SUFFIXES
from kerasseg.errors import UserError
from kerasseg.importing.matching import keyed, match
from kerasseg.importing.partition import split_of
from kerasseg.importing.shapes import Shape, box_of, polygon
from kerasseg.importing.source import ShapesLabel, Source, SourceClass, class_name
from kerasseg.importing.supervisely import read_object
from kerasseg.labels.builtin import CITYSCAPES

# IDD's names in the order of its ids, those of Cityscapes that it has not at the end.
_NAMES = (
    "road, parking, drivable fallback, sidewalk, rail track, non-drivable fallback, person, "
    "animal, rider, motorcycle, bicycle, autorickshaw, car, truck, bus, caravan, trailer, train, "
    "vehicle fallback, curb, wall, fence, guard rail, billboard, traffic sign, traffic light, "
    "pole, polegroup, obs-str-bar-fallback, building, bridge, tunnel, vegetation, sky, "
    "fallback background"
)
_IDD = tuple(_NAMES.split(", "))
_VOID = "unlabeled", "ego vehicle", "rectification border", "out of roi"
_LEFT_OUT = "deleted", "license plate"  # the plate stays part of the vehicle
_COLORS = {name: color for name, *_, color in CITYSCAPES}
_GROUP = "group"
_IMAGE_END, _LABEL_END = "_leftImg8bit", "_gtFine_polygons"


def read_idd(root: Path) -> Source:
    """Raises UserError if there are no polygons."""
    labels = keyed(root / "gtFine", suffixes=(f"{_LABEL_END}.json",))
    if not labels:
        raise UserError(f"{root}: expected gtFine/train/FOLDER/NAME{_LABEL_END}.json")
    images: dict[str, Path] = {}
    for suffix in SUFFIXES:  # IDD's second part has JPEG
        images |= keyed(root / "leftImg8bit", suffixes=(_IMAGE_END + suffix,))
    names: set[str] = set()
    found = match(
        images,
        labels,
        lambda path: _polygons(path, names),
        split=lambda key: split_of(key.partition("/")[0]),
    )
    known = {name: _COLORS.get(name) for name in (*_IDD, *sorted(names - {*_IDD, *_VOID}))}
    classes = [SourceClass(name, color) for name, color in known.items()]
    classes += [SourceClass(name, void=True) for name in _VOID]
    return found.source(classes, rest=None)


def _polygons(path: Path, names: set[str]) -> ShapesLabel:
    """names: grows by those that occur."""
    content = read_object(path)
    shapes = []
    try:
        size = int(content["imgHeight"]), int(content["imgWidth"])
        for entry in content["objects"]:
            name = class_name(entry["label"])
            if name.endswith(_GROUP) and name not in _IDD:
                name = name.removesuffix(_GROUP)
            points = [(float(x), float(y)) for x, y in entry["polygon"]]
            if entry.get("deleted") or name in _LEFT_OUT or len(points) < 3:
                continue
            names.add(name)
            shapes.append(Shape(name, polygon(points), box_of(points)))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: not polygons as of Cityscapes ({error!r})") from None
    return ShapesLabel(shapes, size)
