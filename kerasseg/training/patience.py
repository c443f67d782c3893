"""`train.patience`: whether validations still find better weights."""

import math
from collections.abc import Iterable, Mapping


def is_better(miou: float, best: float | None) -> bool:
    """Whether weights of `miou` replace those of `best`; NaN (no labelled pixel) gives way to any
    score, and the first weights are kept whatever theirs."""
    if best is None or math.isnan(best):
        return best is None or not math.isnan(miou)
    return miou > best


def validations_since_best(history: Iterable[Mapping[str, str]], *, stage: int) -> int:
    """How many validations a stage has had since the best one of that stage; 0 before its second.

    history: rows of `history.csv`; an epoch that was not validated does not count. stage: from 1.
    """
    best, since = None, 0
    for row in history:
        if int(row["stage"]) != stage or not row["val_miou"]:
            continue
        miou = float(row["val_miou"])
        if is_better(miou, best):
            best, since = miou, 0
        else:
            since += 1
    return since
