"""What is written for a tool: the outlines of each image, in one file or in a file for each."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kerasseg.files import write_text
from kerasseg.inference.annotations.outlines import Outline, outlines
from kerasseg.inference.result import Prediction
from kerasseg.labels import LabelSet

SMALLEST = 16  # pixels; smaller regions take the label around them
VOID_NAME = "void"  # of what is unlabelled; `kerasseg import` reads it as such


@dataclass(frozen=True)
class AnnotatedImage:
    """file: as the tool is to find the image, "/" between folders. outlines: in painting order."""

    file: str
    height: int
    width: int
    outlines: Sequence[Outline]


@dataclass(frozen=True)
class AnnotationFormat:
    """one_file: the name of the file that holds all images; None: one for each, named after it.

    suffix: of the files. text: all that such a file says.
    """

    one_file: str | None
    suffix: str
    text: Callable[[Sequence[AnnotatedImage], LabelSet], str]


@dataclass
class AnnotationWriter:
    """Takes predictions, one at a time.

    base: the folder that all images have in common, from which the file of all names them.
    tolerance: pixels that an outline may be off.
    """

    form: AnnotationFormat
    out: Path
    label_set: LabelSet
    base: Path
    tolerance: float
    collected: list[AnnotatedImage] = field(default_factory=list)

    def add(self, prediction: Prediction, *, image: Path, target: Path | None) -> None:
        """target: the file to write for this image; None: it goes into the file of all.

        Raises UserError if it cannot be written.
        """
        height, width = prediction.labels.shape
        found = outlines(prediction.labels, tolerance=self.tolerance, smallest=SMALLEST)
        start = self.base if target is None else target.parent
        file = Path(os.path.relpath(image, start)).as_posix()
        annotated = AnnotatedImage(file, height, width, found)
        if target is None:
            self.collected.append(annotated)
        else:
            write_text(target, self.form.text([annotated], self.label_set), make_folder=True)

    def finish(self) -> None:
        """Writes the file of all images, if the tool has one. Raises UserError."""
        if self.form.one_file is not None and self.collected:
            text = self.form.text(self.collected, self.label_set)
            write_text(self.out / self.form.one_file, text, make_folder=True)


def name_of(label: int, label_set: LabelSet, *, void: str = VOID_NAME) -> str:
    """The class of a trainId; `void` for the background and 255."""
    return label_set.names[label] if label < label_set.num_classes else void
