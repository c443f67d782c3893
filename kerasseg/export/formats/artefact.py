"""What has to be known of a format to write it, to check it and to name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerasseg.export.job import ExportJob
    from kerasseg.export.parity import ModelFunction


@dataclass(frozen=True)
class Artefact:
    """A model that was written, by its name in `parity.json` and in the model card.

    path: the file or folder that its size is taken of. open: runs it as its users do. exact:
    whether the export fails if it does not answer as the Keras model. fixed_size: (height, width)
    of the only images that the file itself takes; the net is then asked at that size, too.
    """

    name: str
    path: Path
    open: Callable[[], AbstractContextManager[ModelFunction]]
    exact: bool = True
    fixed_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Format:
    """files: what `write` may leave that is linked at the top of the export.

    write: yields an artefact as soon as it is in the folder, which holds `labels.json` already.
    calls: Markdown for the model card: how to call it, from the top of the export; NAME stands for
    the name of the run. packages: what `write` imports beside TensorFlow and Keras. prepare: raises
    UserError if anything else that it needs is missing. by_default: whether it is written if no
    --formats are given. smaller: options that make it write a smaller file, too, of `int8` and
    `float16`. one_size: whether its files take images of one size alone. plain: whether they take
    what `plain_input` of labels.json says.
    """

    files: tuple[str, ...]
    write: Callable[[ExportJob, Path], Iterator[Artefact]]
    calls: str
    packages: tuple[str, ...] = ()
    prepare: Callable[[], object] = lambda: None
    by_default: bool = False
    smaller: tuple[str, ...] = ()
    one_size: bool = False
    plain: bool = False
