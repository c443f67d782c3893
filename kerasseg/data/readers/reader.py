"""What has to be known of a kind of data set to read it."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kerasseg.config.data_settings import DataConfig
from kerasseg.data.samples import Sample
from kerasseg.labels import LabelSet, Void


class ReadSamples(Protocol):
    """The samples of a split, sorted by name; no file is opened. Raises UserError."""

    def __call__(self, root: Path, split: str) -> tuple[Sample, ...]: ...


class FindLeftOut(Protocol):
    """The visible files of a split that none of its samples is made of, sorted."""

    def __call__(self, root: Path, split: str, samples: Sequence[Sample]) -> list[Path]: ...


class ReadLabels(Protocol):
    """The label set that the settings mean. Raises UserError for a bad file of classes."""

    def __call__(self, data: DataConfig, *, void: Void) -> LabelSet: ...


@dataclass(frozen=True)
class Reader:
    """title: name of the data set, as its authors write it.

    read_samples also raises UserError for a label without image. find_left_out: what is counted,
    with an example, since nothing that was given may be left out without a word.
    mark: the entry of data.root by which the layout is recognised, a folder with a "/" at its
    end. labels_in_root: whether the classes are described in data.root itself, so that a packed
    copy alone knows them. draw: makes the data set where data.root does not exist; None: it has
    to be there.
    """

    title: str
    read_samples: ReadSamples
    read_labels: ReadLabels
    find_left_out: FindLeftOut
    mark: str
    labels_in_root: Callable[[DataConfig], bool] = lambda data: False
    draw: Callable[[DataConfig], None] | None = None

    def recognises(self, root: Path) -> bool:
        """Whether `root` bears the mark; not if it cannot be looked at."""
        # os.path calls what may not be looked at missing, where pathlib raises.
        exists = os.path.isdir if self.mark.endswith("/") else os.path.isfile
        return exists(root / self.mark)
