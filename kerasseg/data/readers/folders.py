"""Reader of plain folders: {split}/images/{name}.png|jpg|jpeg with {split}/labels/{name}.png."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from kerasseg.config.data_settings import DataConfig
from kerasseg.data.left_out import files_left_out, refuse_orphans
from kerasseg.data.readers.reader import Reader
from kerasseg.data.samples import Sample, checked_samples, folder_or_error, visible_files
from kerasseg.errors import UserError
from kerasseg.labels import LabelSet
from kerasseg.labels.label_file import read_label_file

LABEL_FILE = "labels.yaml"
_OTHER_NAMES = ("labels.yml", "Labels.yaml", "label.yaml", "classes.yaml", "classes.yml")


def read_folders(root: Path, split: str) -> tuple[Sample, ...]:
    """The samples of `split`, sorted by name; no file is opened. Suffixes may be upper case.

    Raises UserError for a missing folder, an empty split, an image without label or the reverse,
    two images with the same name.
    """
    folder_or_error(root, f"data.root, the folder that holds {split}/images/ and {split}/labels/")
    images = folder_or_error(root / split / "images", f"the {split} images")
    labels = folder_or_error(root / split / "labels", f"the labels of {images}")
    present = {path.stem: path for path in visible_files(labels, ".png")}
    pairs = [
        Sample(path.stem, path, present.get(path.stem, labels / f"{path.stem}.png"))
        for path in visible_files(images, ".png", ".jpg", ".jpeg")
    ]
    samples = checked_samples(pairs, where=images, pattern="{name}.png, .jpg or .jpeg")
    allowed = ".png, .jpg or .jpeg"
    refuse_orphans(visible_files(labels, ".png"), samples, images=images, allowed=allowed)
    return samples


def _left_out(root: Path, split: str, samples: Sequence[Sample]) -> list[Path]:
    return files_left_out(samples, [root / split / "images", root / split / "labels"])


def _labels(data: DataConfig, *, void: Literal["background", "ignore"]) -> LabelSet:
    if data.labels_file is not None:
        return read_label_file(Path(data.labels_file), void=void)
    root = folder_or_error(Path(data.root), f"data.root, the folder that holds {LABEL_FILE}")
    if not (root / LABEL_FILE).exists():
        other = next((name for name in _OTHER_NAMES if (root / name).is_file()), None)
        if other is not None:
            raise UserError(f"{root / LABEL_FILE}: not found; rename {other}, which lies there")
    return read_label_file(root / LABEL_FILE, void=void)


FOLDERS = Reader(
    title="plain folders",
    read_samples=read_folders,
    read_labels=_labels,
    find_left_out=_left_out,
    mark=LABEL_FILE,
    labels_in_root=lambda data: data.labels_file is None,
)
