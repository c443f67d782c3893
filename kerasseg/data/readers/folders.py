"""Reader of plain folders: {split}/images/{name}.png|jpg|jpeg with {split}/labels/{name}.png."""

from pathlib import Path
from typing import Literal

from kerasseg.config.data_settings import DataConfig
from kerasseg.data.readers.reader import Reader
from kerasseg.data.samples import Sample, checked_samples, folder_or_error, visible_files
from kerasseg.labels import LabelSet
from kerasseg.labels.label_file import read_label_file

LABEL_FILE = "labels.yaml"


def read_folders(root: Path, split: str) -> tuple[Sample, ...]:
    """The samples of `split`, sorted by name; no file is opened. Suffixes may be upper case.

    Raises UserError for a missing folder, an empty split, an image without label, two images
    with the same name.
    """
    folder_or_error(root, f"data.root, the folder that holds {split}/images/ and {split}/labels/")
    images = folder_or_error(root / split / "images", f"the {split} images")
    labels = folder_or_error(root / split / "labels", f"the labels of {images}")
    present = {path.stem: path for path in visible_files(labels, ".png")}
    samples = [
        Sample(path.stem, path, present.get(path.stem, labels / f"{path.stem}.png"))
        for path in visible_files(images, ".png", ".jpg", ".jpeg")
    ]
    return checked_samples(samples, where=images, pattern="{name}.png, .jpg or .jpeg")


def _labels(data: DataConfig, *, void: Literal["background", "ignore"]) -> LabelSet:
    return read_label_file(Path(data.labels_file or Path(data.root) / LABEL_FILE), void=void)


FOLDERS = Reader(
    title="plain folders",
    read_samples=read_folders,
    read_labels=_labels,
    mark=LABEL_FILE,
    labels_in_root=lambda data: data.labels_file is None,
)
