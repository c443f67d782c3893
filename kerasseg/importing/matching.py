"""Images and label files that belong together by their names."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kerasseg.data.image_file import SUFFIXES
from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.importing.image_index import files_below
from kerasseg.importing.source import Label, Labelled, Source, SourceClass


@dataclass(frozen=True)
class Matches:
    """The pairs, sorted by name, what is left of both sides, a line for each unreadable label."""

    pairs: tuple[Labelled, ...] = ()
    no_label: tuple[str, ...] = ()
    no_image: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def __add__(self, other: "Matches") -> "Matches":
        return Matches(
            self.pairs + other.pairs,
            self.no_label + other.no_label,
            self.no_image + other.no_image,
            self.problems + other.problems,
        )

    def source(
        self, classes: Iterable[SourceClass], *, rest: str | None, notes: tuple[str, ...] = ()
    ) -> Source:
        return Source(
            classes=tuple(classes),
            pairs=self.pairs,
            rest=rest,
            no_label=self.no_label,
            no_image=self.no_image,
            problems=self.problems,
            notes=notes,
        )


def keyed(folder: Path, *, suffixes: tuple[str, ...] = SUFFIXES, end: str = "") -> dict[str, Path]:
    """The files below `folder` by their path in it, without suffix and `end`; {} if it is missing.

    Raises UserError for a folder that cannot be listed.
    """
    found: dict[str, Path] = {}
    if folder.is_dir():
        with os_errors(None, "cannot be read"):
            for path in sorted(files_below(folder)):
                name = path.relative_to(folder).as_posix()
                for suffix in suffixes:
                    if name.lower().endswith((end + suffix).lower()):
                        found.setdefault(name[: len(name) - len(end + suffix)], path)
    return found


def match(
    images: Mapping[str, Path],
    labels: Mapping[str, Path],
    label: Callable[[Path], Label],
    *,
    split: Callable[[str], str | None],
) -> Matches:
    """Pairs of one key. label: from a label file; may raise UserError. split: of a key."""
    pairs, problems = [], []
    for key in sorted(images.keys() & labels.keys()):
        try:
            pairs.append(Labelled(key, images[key], label(labels[key]), split(key)))
        except UserError as error:
            problems.append(str(error))
    return Matches(
        tuple(pairs),
        tuple(str(images[key]) for key in sorted(images.keys() - labels.keys())),
        tuple(str(labels[key]) for key in sorted(labels.keys() - images.keys())),
        tuple(problems),
    )
