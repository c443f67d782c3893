"""A source added to plain folders that are there: classes by their names, nothing overwritten."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import yaml
from PIL import Image

from kerasseg.data.label_png import read_label
from kerasseg.data.leakage import group_of
from kerasseg.data.readers.folders import LABEL_FILE, LIST_SPLITS, read_folders
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.files import os_errors, temporary_folder, write_text
from kerasseg.importing.class_map import ClassPlan, distinct_colors
from kerasseg.importing.partition import with_splits
from kerasseg.importing.plain_folders import Outcome, draw_pairs, named, yaml_line
from kerasseg.importing.source import BACKGROUND, Source
from kerasseg.labels import MAX_CLASSES, VOID, LabelSet
from kerasseg.labels.label_file import read_label_file

_TOLD = 5  # images that differ from those that are there


@dataclass(frozen=True)
class Existing:
    """The folder that is added to. data: its file of classes, as YAML says it. samples: by name,
    without suffix and in lower case, with the split of each."""

    root: Path
    data: Mapping[str, Any]
    label_set: LabelSet
    samples: Mapping[str, tuple[str, Sample]]

    @property
    def label_file(self) -> Path:
        return self.root / LABEL_FILE

    def split_of(self, name: str) -> str | None:
        """Where an image called so belongs: where it is, or else where all frames of its video are;
        None if there are none, or in several splits."""
        stem = PurePosixPath(name).name
        if stem.casefold() in self.samples:
            return self.samples[stem.casefold()][0]
        splits = self._groups.get(group_of(stem.casefold()), set())
        return next(iter(splits)) if len(splits) == 1 else None

    @cached_property
    def _groups(self) -> dict[str, set[str]]:
        """The splits in which each video has frames."""
        groups: dict[str, set[str]] = {}
        for key, (split, _) in self.samples.items():
            groups.setdefault(group_of(key), set()).add(split)
        return groups


def read_existing(root: Path) -> Existing:
    """Raises UserError if `root` holds no data set, or one of another form than `import` writes."""
    if not (root / LABEL_FILE).is_file():
        raise UserError(f"--add: {root / LABEL_FILE} not found; expected a folder to add to")
    label_set = read_label_file(root / LABEL_FILE, void="background")
    if label_set.drawn_as != "ids":
        raise UserError(f"{root / LABEL_FILE}: found labels: colors, allowed with --add: ids")
    samples: dict[str, tuple[str, Sample]] = {}
    with os_errors(None, "cannot be read"):
        for split in LIST_SPLITS:
            if (root / f"{split}.txt").exists():
                raise UserError(
                    f"{root / split}.txt: found a list of names, allowed with --add: "
                    "a folder for each split"
                )
        found = {path.parent.name for path in root.glob("*/images")}
        for split in sorted(found | {name for name in LIST_SPLITS if (root / name).is_dir()}):
            for part in ("images", "labels"):
                if not (root / split / part).is_dir():
                    raise UserError(f"{root / split / part}: not found; --add needs this folder")
            for sample in read_folders(root, split):
                key = sample.image.relative_to(root / split / "images").with_suffix("")
                samples[key.as_posix().casefold()] = split, sample
    text = (root / LABEL_FILE).read_text(encoding="utf-8-sig")
    return Existing(root, yaml.safe_load(text), label_set, samples)


def add_to_folders(
    source: Source,
    existing: Existing,
    *,
    plan: ClassPlan,
    val: float,
    progress: Callable[[int], object] = lambda done: None,
) -> Outcome:
    """Adds the images that are not there yet, completely or not at all.

    A class of `plan` is the class of the same name there, or of one that differs in case only;
    others are added to the file of classes. An image that is there with the same label is passed
    over. val: as of `write_folders`, of images whose video is not there yet.
    Raises UserError for an image whose name is there with other pixels or another label, if the
    classes cannot be added, if no image could be read, or if it cannot be written.
    """
    pairs, drawn_val = with_splits(source.pairs, val, settled=existing.split_of)
    jobs = named(pairs)
    table, new = match_classes(plan, existing)
    with temporary_folder(existing.root) as folder, os_errors(existing.root, "cannot be written"):
        outcome = draw_pairs(
            jobs, folder, plan=plan, rest=source.rest, table=table, progress=progress
        )
        outcome.drawn_val = drawn_val
        outcome.there = _pass_over(folder, existing, outcome)
        new = [i for i in new if plan.names[i] != BACKGROUND or outcome.pixels[table[i]]]
        outcome.new_classes = tuple(plan.names[i] for i in new)
        outcome.classes = dict(zip(existing.label_set.names, existing.label_set.ids, strict=True))
        outcome.classes |= {plan.names[i]: int(table[i]) for i in new}
        adds_void = not existing.label_set.void_declared and bool(outcome.pixels[table[VOID]])
        with ExitStack() as undo:
            if new or adds_void:
                _extend_classes(existing, plan, new, table, undo, adds_void=adds_void)
            _move(folder, existing.root, undo)
            undo.pop_all()
    return outcome


def match_classes(plan: ClassPlan, existing: Existing) -> tuple[np.ndarray, list[int]]:
    """uint8 (256,): what is written in the folder for an id of `plan`, and for VOID; and the ids of
    `plan` whose classes the folder does not have. Raises UserError if they are too many."""
    labels = existing.label_set
    exact = dict(zip(labels.names, labels.ids, strict=True))
    folded: dict[str, list[int]] = {}
    for name, label_id in exact.items():
        folded.setdefault(name.casefold(), []).append(label_id)
    free = (i for i in range(256) if i not in labels.id_to_train and i not in labels.void_ids)
    table, new = np.full(256, labels.void_ids[0], np.uint8), []
    for place, name in enumerate(plan.names):
        alike = folded.get(name.casefold(), [])
        if name in exact:
            table[place] = exact[name]
        elif len(alike) == 1:
            table[place] = alike[0]
        else:
            new.append(place)
    if len(labels.names) + len(new) > MAX_CLASSES:
        raise UserError(
            f"{existing.label_file}: {len(labels.names)} classes and {len(new)} new ones, "
            f"allowed are {MAX_CLASSES}; merge or drop some with --map"
        )
    for place in new:
        taken = next(free, None)
        if taken is None:
            raise UserError(f"{existing.label_file}: no id is left for {plan.names[place]}")
        table[place] = taken
    return table, new


def _pass_over(folder: Path, existing: Existing, outcome: Outcome) -> list[str]:
    """Removes from `folder` and `outcome` what the existing folder has already; its names."""
    there, differing, known = [], [], existing.label_set.written_table
    for image in sorted(folder.glob("*/images/*")):
        split = image.parents[1].name
        label = folder / split / "labels" / f"{image.stem}.png"
        if image.stem.casefold() not in existing.samples:
            continue
        _, sample = existing.samples[image.stem.casefold()]
        with os_errors(None, "cannot be read"):
            same = sample.image.read_bytes() == image.read_bytes()
            old = read_label(sample.label, label_encoding="indexed", table=known, color_table=None)
        with Image.open(label) as file:
            new = np.asarray(file)
        if not same:
            differing.append(f"{sample.image}: found other pixels under this name in the source")
        elif not np.array_equal(old, known[new]):
            differing.append(f"{sample.label}: found another label of this image in the source")
        else:
            there.append(image.stem)
            outcome.images[split] -= 1
            outcome.pixels -= np.bincount(new.ravel(), minlength=256)
            image.unlink()
            label.unlink()
    if differing:
        more = len(differing) - _TOLD
        lines = differing[:_TOLD] + ([f"and {more} more"] if more > 0 else [])
        advice = "nothing was added; rename the new ones, or remove those that are there"
        raise UserError("\n".join([*lines, advice]))
    outcome.images = +outcome.images
    return there


def _extend_classes(
    existing: Existing,
    plan: ClassPlan,
    new: Sequence[int],
    table: np.ndarray,
    undo: ExitStack,
    *,
    adds_void: bool,
) -> None:
    """The file of classes with those that are new. Raises UserError if it cannot hold them."""
    path, labels = existing.label_file, existing.label_set
    if labels.categories and new:
        listed = ", ".join(f"{plan.names[i]} as {table[i]}" for i in new)
        raise UserError(f"{path}: has categories; add the new classes with theirs: {listed}")
    # The colour of void is nobody's: it stands first, and is left away again.
    taken = [labels.void_color, *labels.palette]
    colors = distinct_colors(
        ["", *labels.names, *(plan.names[i] for i in new)],
        [*taken, *(plan.colors[i] for i in new)],
    )[len(taken) :]
    entries = [*existing.data["classes"]] + [
        {"name": plan.names[i], "id": int(table[i]), "color": color}
        for i, color in zip(new, colors, strict=True)
    ]
    text = "classes:\n" + "".join(f"  - {yaml_line(entry)}\n" for entry in entries)
    rest = {name: value for name, value in existing.data.items() if name != "classes"}
    if adds_void:
        rest["void"] = {**(rest.get("void") or {}), "id": labels.void_ids[0]}
    text += "".join(f"{name}: {yaml_line(value)}\n" for name, value in rest.items())
    before = path.read_bytes()
    write_text(path, text)
    undo.callback(path.write_bytes, before)
    read_label_file(path, void="background")


def _move(folder: Path, root: Path, undo: ExitStack) -> None:
    """The files below `folder` to their places below `root`, each image after its label."""
    for split in sorted(path for path in folder.iterdir() if any((path / "images").iterdir())):
        for part in (".", "labels", "images"):
            target = root / split.name / part
            if not target.is_dir():
                target.mkdir()
                undo.callback(target.rmdir)
            if part == ".":
                continue
            for path in sorted((split / part).iterdir()):
                place = target / path.name
                if place.exists():
                    raise UserError(f"{place}: is there already, but belongs to no image")
                undo.callback(place.unlink, missing_ok=True)
                path.rename(place)
