"""Reader of CamVid in the SegNet layout: {split}/{name}.png with {split}annot/{name}.png."""

from collections.abc import Sequence
from pathlib import Path

from kerasseg.data.left_out import files_left_out, refuse_orphans
from kerasseg.data.readers.reader import Reader
from kerasseg.data.samples import Sample, checked_samples, folder_or_error, visible_files
from kerasseg.labels import camvid_labels


def read_camvid(root: Path, split: str) -> tuple[Sample, ...]:
    """The samples of `split`, sorted by name; no file is opened.

    Raises UserError for a missing folder, an empty split, an image without label or the reverse.
    """
    layout = f"{split}/ and {split}annot/"
    folder_or_error(root, f"data.root, the folder that holds {layout}")
    images = folder_or_error(root / split, f"the images; data.root holds {layout}")
    labels = folder_or_error(root / f"{split}annot", f"the labels of {images}")
    pairs = [Sample(p.stem, p, labels / p.name) for p in visible_files(images, ".png")]
    samples = checked_samples(pairs, where=images, pattern="{name}.png")
    refuse_orphans(visible_files(labels, ".png"), samples, images=images, allowed=".png")
    return samples


def _left_out(root: Path, split: str, samples: Sequence[Sample]) -> list[Path]:
    return files_left_out(samples, [root / split, root / f"{split}annot"])


CAMVID = Reader(
    title="CamVid",
    read_samples=read_camvid,
    read_labels=lambda data, *, void: camvid_labels(void=void),
    find_left_out=_left_out,
    mark="trainannot/",
)
