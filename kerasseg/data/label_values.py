"""What is said of values in a label file that do not fit its label set."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.data.label_png import ids_of, read_png_header
from kerasseg.data.samples import Sample, take_evenly
from kerasseg.labels import UNKNOWN, LabelSet

_SHOWN = 5  # values
_LOOKED_AT = 50  # labels


def unknown_values(path: Path, values: np.ndarray, counts: np.ndarray, label_set: LabelSet) -> str:
    """The message about values in a label file that the label set does not declare."""
    order = np.argsort(counts, kind="stable")[::-1][:_SHOWN]  # the most pixels first
    if label_set.drawn_as == "colors":
        what, allowed = "colours", "the colours in the file of classes"
        shown = [f"[{v >> 16}, {v >> 8 & 255}, {v & 255}]" for v in values[order].tolist()]
    else:
        what = "ids"
        allowed = _ranges(np.flatnonzero(label_set.table != UNKNOWN).tolist())
        shown = [str(v) for v in values[order].tolist()]
    listed = ", ".join(f"{v} ({n} pixels)" for v, n in zip(shown, counts[order], strict=True))
    rest = f" and {len(values) - len(order)} more" if len(values) > len(order) else ""
    hint = ""
    if label_set.dataset == "folders" and label_set.drawn_as == "ids" and 255 in values:
        declared = [*label_set.void_ids, 255] if label_set.void_declared else 255
        hint = f"; if 255 is unlabelled, declare `void: {{id: {declared}}}` in the file of classes"
        if label_set.num_classes == 2 and label_set.ids[0] == 0:  # a mask of 0 and 255, perhaps
            hint += f", if it is {label_set.names[1]}, write `id: 255` there"
    elif label_set.drawn_as == "ids" and len(values) > 2 and label_set.ids == (0, 255):
        hint = "; a mask whose edges were smoothed, or JPEG: save it without"
    return f"{path}: unknown {what} {listed}{rest}; allowed: {allowed}{hint}"


def described_labels(samples: Sequence[Sample]) -> str:
    """What some of the labels hold, in words, for somebody who has no file of classes yet.

    Of a binary task the file that is right. "" if they cannot be read, or hold colours.
    """
    found: set[int] = set()
    for sample in take_evenly(samples, _LOOKED_AT):
        try:
            with open(sample.label, "rb") as file:
                header = read_png_header(file)
                if header is None or header.kind not in ("gray", "palette"):
                    return ""
                file.seek(0)
                with Image.open(file, formats=("PNG",)) as label:
                    found.update(np.unique(ids_of(label, header.bits)).tolist())
        except (OSError, ValueError, SyntaxError, EOFError):
            return ""
    text = f"the labels hold the ids {_ranges(sorted(found))}"
    if found in ({0, 1}, {0, 255}):
        text += (
            ": a binary task has two classes, `classes: [{name: background, id: 0, color: "
            f"[0, 0, 0]}}, {{name: object, id: {max(found)}, color: [255, 0, 0]}}]`"
        )
    return text


def palette_contradiction(
    path: Path, used: np.ndarray, palette: np.ndarray, label_set: LabelSet
) -> str | None:
    """What to say of a palette PNG that colours an id as another class is declared; None: nothing.

    used: ids, (N,). palette: uint8 (M, 3), RGB of each index.
    """
    classes = {color: train_id for train_id, color in enumerate(label_set.palette)}
    for label_id in used[used < len(palette)].tolist():
        red, green, blue = palette[label_id].tolist()
        shown = classes.get((red, green, blue))
        meant = int(label_set.table[label_id])
        if shown is None or shown == meant:
            continue
        name = label_set.names[meant] if meant < label_set.num_classes else label_set.void_name
        text = (
            f"{path}: id {label_id} is {name}, but the palette gives it the colour of "
            f"{label_set.names[shown]}, [{red}, {green}, {blue}]"
        )
        if label_set.dataset == "folders":
            text += (
                "; if colours are meant, set `labels: colors` in the file of classes, else correct "
                "the colours there or the palette"
            )
        return text
    return None


def equal_channels_hint(label: Image.Image, label_set: LabelSet) -> str:
    """What to say of an RGB label whose three channels hold the same declared ids, or ""."""
    red, green, blue = np.moveaxis(np.asarray(label.convert("RGB")), -1, 0)
    equal = (red == green).all() and (red == blue).all()
    if not equal or (label_set.written_table[red] == UNKNOWN).any():
        return ""
    return "; its channels are equal and look like ids: save one of them as a gray PNG"


def _ranges(numbers: list[int]) -> str:
    """Sorted numbers as text: [0, 1, 2, 5] -> "0-2, 5"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
