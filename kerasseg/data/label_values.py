"""What is said of values in a label file that do not fit its label set."""

from pathlib import Path

import numpy as np

from kerasseg.labels import UNKNOWN, LabelSet

_SHOWN = 5  # values


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
    return f"{path}: unknown {what} {listed}{rest}; allowed: {allowed}{hint}"


def _ranges(numbers: list[int]) -> str:
    """Sorted numbers as text: [0, 1, 2, 5] -> "0-2, 5"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
