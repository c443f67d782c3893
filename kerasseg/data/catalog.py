"""A data set that is known to be in order: samples, label set, sizes and class counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from kerasseg.config import Config
from kerasseg.data.facts import Facts, VerifiedCache, cache_folder
from kerasseg.data.label_png import LabelEncoding
from kerasseg.data.layouts import LAYOUTS, known_layout
from kerasseg.data.packed.checksums import verify_shards
from kerasseg.data.packed.format import PackedIndex, find_index, labels_for
from kerasseg.data.readers import READERS
from kerasseg.data.remarks import absent_classes, left_out, repeated_images, turned_photos
from kerasseg.data.samples import Sample, take_evenly
from kerasseg.data.verify import verify_samples
from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.labels import Color, LabelSet


@dataclass(frozen=True)
class Catalog:
    """One verified data set. Dicts have one entry for each split that was opened.

    native_size: (height, width), the median over all images. one_size: all images have that size;
    same_size: all of the split have one. label_encoding: "ids" (8-bit gray), "indexed" (some file
    needs `kerasseg.data.label_png.read_label`) or "colors" (all do, with color_table).
    class_pixels: int64 (C + 1,), pixels a trainId, void last. class_images: int64 (C,), images
    in which the class occurs; class_image_pixels: int64 (C,), all pixels of those images.
    facts: of each sample. remarks: lines of text that a person should read before a training.
    """

    label_set: LabelSet
    splits: dict[str, tuple[Sample, ...]]
    native_size: tuple[int, int]
    same_size: dict[str, bool]
    label_encoding: LabelEncoding
    color_table: dict[Color, int] | None
    class_pixels: dict[str, np.ndarray]
    class_images: dict[str, np.ndarray]
    class_image_pixels: dict[str, np.ndarray]
    facts: dict[str, tuple[Facts, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    one_size: bool = True


def open_catalog(config: Config, *, splits: Sequence[str] = ("train", "val")) -> Catalog:
    """Finds and verifies the data set of `config.data`; draws streets first if it is missing.

    A packed one is known by its index and gives the same catalog as the files it was made of.
    Raises UserError that names the file or setting for whatever is not in order.
    """
    index = find_index(config.data.root)
    if index is not None:
        return _open_packed(config, index, splits)
    reader, root = READERS[config.data.name], Path(config.data.root)
    if reader.draw is not None and not root.exists():
        reader.draw(config.data)
    try:
        label_set = read_labels(config)
        with os_errors(None, "cannot be read"):  # a folder that may not be listed
            everything = {split: reader.read_samples(root, split) for split in splits}
            unused = {
                split: reader.find_left_out(root, split, samples)
                for split, samples in everything.items()
            }
    except UserError as error:
        raise UserError(f"{error}{_hint(root, config.data.name)}") from None
    samples = {split: take_evenly(everything[split], config.data.max_images) for split in splits}
    cache = VerifiedCache(cache_folder(config.data.cache_dir), root=root, label_set=label_set)
    facts = verify_samples(
        [sample for split in splits for sample in samples[split]],
        label_set=label_set,
        cache=cache,
        workers=config.data.workers,
    )
    catalog = _summary(label_set, samples, facts)
    remarks = [remark for split in splits for remark in left_out(split, unused[split])]
    if {"train", "val"} <= samples.keys():
        with os_errors(None, "cannot be read"):
            remarks += repeated_images(samples["train"], samples["val"])
    return replace(catalog, remarks=(*remarks, *catalog.remarks))


def _open_packed(config: Config, index: PackedIndex, splits: Sequence[str]) -> Catalog:
    in_root = READERS[config.data.name].labels_in_root(config.data)
    own = None if in_root else read_labels(config)
    label_set = labels_for(index, own, void=config.void)
    chosen = {}
    for split in splits:
        if split not in index.splits:
            found = ", ".join(index.splits)
            raise UserError(f"{config.data.root}: packed without the split {split}; found: {found}")
        chosen[split] = take_evenly(index.samples(split), config.data.max_images)
    verify_shards(
        index,
        {shard.file: shard for part in chosen.values() for _, _, shard in part}.values(),
        folder=cache_folder(config.data.cache_dir),
        workers=config.data.workers,
    )
    samples = {split: tuple(sample for sample, _, _ in part) for split, part in chosen.items()}
    return _summary(label_set, samples, [facts for part in chosen.values() for _, facts, _ in part])


def read_labels(config: Config) -> LabelSet:
    """The label set of `config.data`; UserError for a bad file of classes."""
    return READERS[config.data.name].read_labels(config.data, void=config.void)


def recognise(root: Path) -> str | None:
    """The `data.name` that a folder looks like."""
    return next((name for name, reader in READERS.items() if reader.recognises(root)), None)


def _hint(root: Path, name: str) -> str:
    """What to say of a folder that is not, but looks like another data set."""
    likely = None if READERS[name].recognises(root) else recognise(root)
    if likely is not None:
        return f" (this looks like {READERS[likely].title}: data.name={likely})"
    layout = known_layout(root)
    if layout is None:
        return ""
    title = LAYOUTS[layout].title
    return f" (this looks like {title}: `kerasseg import {root} OUT` converts it)"


def _summary(
    label_set: LabelSet, splits: dict[str, tuple[Sample, ...]], facts: list[Facts]
) -> Catalog:
    """facts: of all samples, split after split. Raises UserError for a split without labels."""
    encodings = {fact.encoding for fact in facts}
    same_size, class_pixels, class_images, class_image_pixels, facts_of = {}, {}, {}, {}, {}
    start = 0
    remarks: list[str] = []
    for split, samples in splits.items():
        part = facts[start : start + len(samples)]
        start += len(samples)
        remarks += turned_photos(split, samples, part)
        facts_of[split] = tuple(part)
        pixels = np.array([fact.pixels for fact in part], np.int64)  # (images, C + 1)
        occurs = pixels[:, :-1] > 0
        same_size[split] = len({(fact.height, fact.width) for fact in part}) == 1
        class_pixels[split] = counts = pixels.sum(axis=0)
        if split in ("train", "val") and not counts[:-1].any():
            raise UserError(
                f"{samples[0].label.parent}: no labelled pixel in {split}: "
                f"all of {len(part)} labels is void"
            )
        if split == "train":
            remarks += absent_classes(split, label_set.names, counts[:-1].tolist())
        class_images[split] = occurs.sum(axis=0)
        class_image_pixels[split] = pixels.sum(axis=1) @ occurs
    return Catalog(
        label_set=label_set,
        splits=splits,
        native_size=(
            int(np.median([fact.height for fact in facts])),
            int(np.median([fact.width for fact in facts])),
        ),
        same_size=same_size,
        label_encoding=encodings.pop() if len(encodings) == 1 else "indexed",
        color_table=dict(label_set.color_to_train) if label_set.drawn_as == "colors" else None,
        class_pixels=class_pixels,
        class_images=class_images,
        class_image_pixels=class_image_pixels,
        facts=facts_of,
        remarks=tuple(remarks),
        one_size=len({(fact.height, fact.width) for fact in facts}) == 1,
    )
