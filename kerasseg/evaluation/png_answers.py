"""Label PNGs that somebody has written, as the answers that are scored."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import label_of
from kerasseg.data.label_png import LabelEncoding, read_label, read_png_header
from kerasseg.data.samples import Sample, take_evenly
from kerasseg.errors import UserError
from kerasseg.evaluation.answers import Answer
from kerasseg.files import os_errors
from kerasseg.inference.image_search import RESULTS
from kerasseg.labels import UNKNOWN, VOID

_LOOKED_AT = 3  # samples, for trainIds
_PICTURES = tuple(f"_{result}" for result in RESULTS if result != "labels")


class PngAnswers:
    """Label PNGs in the data set's own ids, or in its colours if its labels are drawn in colours.

    The file of a sample is `<name>.png`, else `<name>_labels.png` as `predict` writes it, else the
    one whose name holds that of the sample as a word, as a Cityscapes submission may.
    Raises UserError if a sample has none or several, or they hold trainIds, when the folder is
    opened.
    """

    def __init__(self, folder: Path, catalog: Catalog, split: str):
        self._catalog = catalog
        files = sorted(path for path in Path(folder).rglob("*.png") if path.is_file())
        self._files = {}
        for sample in catalog.splits[split]:
            own = _files_of(sample.name, files)
            if len(own) != 1:
                what = "no PNG" if not own else f"{len(own)} PNGs ({own[0].name}, {own[1].name})"
                raise UserError(f"{folder}: {what} named after {sample.name}, expected one")
            self._files[sample.name] = own[0]
        for sample in take_evenly(catalog.splits[split], _LOOKED_AT):
            self._refuse_train_ids(sample)

    def __call__(self, sample: Sample) -> Answer:
        path = self._files[sample.name]
        with os_errors(path, "cannot be read"), open(path, "rb") as file:
            header = read_png_header(file)
        kind = None if header is None else header.kind
        if kind in ("RGB", "RGBA") and self._catalog.color_table is None:
            raise UserError(f"{path}: found {kind}, expected label ids (gray or palette PNG)")
        table = self._catalog.label_set.written_table
        ways = self._encodings(path, kind)
        labels = [self._read(path, way, table) for way in ways]
        for trained in labels:
            if not (trained == UNKNOWN).any():
                return Answer(trained)
        row, column = np.argwhere(labels[0] == UNKNOWN)[0]
        what = "colour" if ways[0] == "colors" else "label id"
        raise UserError(f"{path}: row {row}, column {column} holds no {what} of the data set")

    def _encodings(self, path: Path, kind: str | None) -> list[LabelEncoding]:
        """How the file may be read, the likeliest first: `predict` writes ids also of a data set
        whose labels are drawn in colours."""
        if self._catalog.color_table is None:
            return ["ids"]
        if kind in ("RGB", "RGBA"):
            return ["colors"]
        return ["ids", "colors"] if path.stem.endswith("_labels") else ["colors", "ids"]

    def _read(self, path: Path, encoding: LabelEncoding, table: np.ndarray) -> np.ndarray:
        try:
            return read_label(
                path,
                label_encoding=encoding,
                table=table,
                color_table=self._catalog.color_table,
            )
        except (OSError, SyntaxError, ValueError) as error:
            raise UserError(f"{path}: cannot be decoded ({error})") from None

    def _refuse_train_ids(self, sample: Sample) -> None:
        """Raises UserError if the file fits the truth better as trainIds than as label ids."""
        label_set, path = self._catalog.label_set, self._files[sample.name]
        if label_set.drawn_as == "colors" or label_set.ids == tuple(range(label_set.num_classes)):
            return
        try:
            values = self._read(path, "ids", np.arange(256, dtype=np.uint8))
        except UserError:
            return  # said when its turn comes
        truth = label_of(sample, self._catalog)
        asked = truth != VOID
        allowed = (values <= label_set.num_classes) | (values == VOID)
        if values.shape != truth.shape or not asked.any() or not allowed.all():
            return
        as_train_ids = (values == truth)[asked].mean()
        as_ids = (label_set.written_table[values] == truth)[asked].mean()
        if as_train_ids > max(0.5, as_ids):
            raise UserError(
                f"{path}: holds trainIds, as it seems: read so, {as_train_ids:.0%} of its pixels "
                f"agree with the label, {as_ids:.0%} as the label ids that are expected"
            )


def _files_of(name: str, files: Sequence[Path]) -> list[Path]:
    for exact in (name, f"{name}_labels"):
        if own := [path for path in files if path.stem == exact]:
            return own
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
    own = [path for path in files if word.search(path.stem)]
    # Beside the labels of an image `predict` writes pictures of it.
    bases = {
        (path.parent, path.stem.removesuffix("_labels"))
        for path in own
        if path.stem.endswith("_labels")
    }
    return [path for path in own if not _is_picture(path, bases)]


def _is_picture(path: Path, bases: set[tuple[Path, str]]) -> bool:
    return any(
        path.stem.endswith(end) and (path.parent, path.stem.removesuffix(end)) in bases
        for end in _PICTURES
    )
