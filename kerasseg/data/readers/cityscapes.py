"""Reader of the Cityscapes layout (and of streets, which is drawn in it).

leftImg8bit/{split}/{city}/{name}_leftImg8bit.png
gtFine/{split}/{city}/{name}_gtFine_labelIds.png
"""

from collections.abc import Sequence
from pathlib import Path

from kerasseg.config.data_settings import DataConfig
from kerasseg.data.left_out import files_left_out, refuse_orphans
from kerasseg.data.readers.reader import Reader
from kerasseg.data.samples import Sample, checked_samples, folder_or_error, visible_files
from kerasseg.errors import UserError
from kerasseg.labels import LabelSet, Void, cityscapes_labels

IMAGES, LABELS = "leftImg8bit", "gtFine"
IMAGE_END, LABEL_END = "_leftImg8bit.png", "_gtFine_labelIds.png"
_OTHER_LABELS = (
    "_color.png",
    "_instanceids.png",
    "_labeltrainids.png",
    "_instancetrainids.png",
    "_polygons.json",
    "_unknown.png",
)


def read_cityscapes(root: Path, split: str) -> tuple[Sample, ...]:
    """The samples of `split`, sorted by name ("aachen_000000_000019"); no file is opened.

    Whatever else belongs to the data set (colours, instance ids, polygons) is ignored.
    Raises UserError for a missing folder, an empty split, an image without label, and a label
    without image in a city that has images: people keep the labels, which are small, of all.
    """
    layout = f"the folder that holds {IMAGES}/ and {LABELS}/"
    folder_or_error(root, f"data.root, {layout}")
    if not (root / IMAGES).is_dir():
        raise UserError(f"{root}: holds no {IMAGES}/; data.root is {layout}{_hint(root)}")
    folder_or_error(root / LABELS, f"the labels of {root / IMAGES}")
    images = root / IMAGES / split
    splits = sorted(p.name for p in (root / IMAGES).iterdir() if p.is_dir())
    folder_or_error(images, f"the {split} images", f" (found: {', '.join(splits) or 'no folder'})")

    pairs: list[Sample] = []
    for city in (path for path in images.iterdir() if path.is_dir()):
        for image in visible_files(city, IMAGE_END.lower()):
            name = image.name[: -len(IMAGE_END)]
            label = root / LABELS / split / city.name / (name + LABEL_END)
            pairs.append(Sample(name, image, label))
    samples = checked_samples(pairs, where=images, pattern="{city}/{name}" + IMAGE_END)
    for town in sorted({sample.image.parent.name for sample in samples}):
        refuse_orphans(
            visible_files(root / LABELS / split / town, LABEL_END.lower()),
            samples,
            images=images / town,
            end=LABEL_END.removesuffix(".png"),
            allowed=IMAGE_END,
        )
    return samples


def _left_out(root: Path, split: str, samples: Sequence[Sample]) -> list[Path]:
    folders = [root / IMAGES / split, root / LABELS / split]
    return files_left_out(samples, folders, known=_OTHER_LABELS)


def _hint(root: Path) -> str:
    """A guess at what the user meant, to be put behind the message."""
    for parent in list(root.absolute().parents)[:3]:
        if (parent / IMAGES).is_dir() and (parent / LABELS).is_dir():
            return f" (did you mean {parent}?)"
    inside = [p for p in sorted(root.iterdir()) if (p / IMAGES).is_dir()]
    if inside:
        return f" (did you mean {inside[0]}?)"
    return ""


def _draw(data: DataConfig) -> None:
    # Here, so that nobody else imports what draws.
    from kerasseg.streets.draw import draw_streets

    draw_streets(Path(data.root), train=data.draw_train, val=data.draw_val, seed=data.draw_seed)


def _labels(data: DataConfig, *, void: Void) -> LabelSet:
    return cityscapes_labels(void=void, dataset=data.name)


CITYSCAPES = Reader(
    title="Cityscapes",
    read_samples=read_cityscapes,
    read_labels=_labels,
    find_left_out=_left_out,
    mark=f"{IMAGES}/",
)
STREETS = Reader(
    title="streets",
    read_samples=read_cityscapes,
    read_labels=_labels,
    find_left_out=_left_out,
    mark=f"{IMAGES}/",
    draw=_draw,
)
