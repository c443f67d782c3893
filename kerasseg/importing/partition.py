"""Which images train and which validate: as the source says, else drawn by groups of names."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from kerasseg.data.leakage import group_of
from kerasseg.errors import UserError
from kerasseg.importing.source import Labelled

_SPLITS = {
    "train": ("train", "training", "trn"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
_WORDS = {word: split for split, words in _SPLITS.items() for word in words}


def split_of(name: str) -> str | None:
    """The split that a word of the name stands for, as in instances_train2017; or None."""
    words = re.findall(r"[a-z]+", name.lower())
    return next((_WORDS[word] for word in reversed(words) if word in _WORDS), None)


def with_splits(
    pairs: Sequence[Labelled], share: float, *, settled: Callable[[str], str | None] | None = None
) -> tuple[list[Labelled], bool]:
    """The pairs with a split each, and whether images for validation were drawn.

    Pairs without a training split are one pool; those without one for validation give some of
    training: `share` of them, 0: none. settled: the split that is known for the name of a pair, in
    a folder that holds others already; None: all are drawn, and one alone is refused by a
    UserError.
    """
    splits = {pair.split for pair in pairs}
    if {"train", "val"} <= splits:
        return [replace(pair, split=pair.split or "train") for pair in pairs], False
    if "train" in splits:
        pooled: set[str | None] = {"train", None}
    else:
        pooled = splits & {None, "val"} or splits
    kept = [pair for pair in pairs if pair.split not in pooled]
    pool = []
    for pair in pairs:
        if pair.split in pooled:
            known = None if settled is None else settled(pair.name)
            if known is None:
                pool.append(pair)
            else:
                kept.append(replace(pair, split=known))
    if settled is not None and len(pool) < 2:
        share = 0
    chosen = draw_val([pair.name for pair in pool], share) if share else set()
    if share and not chosen:
        raise UserError(
            "found one labelled image, expected two or more, of which one validates (--val 0: none)"
        )
    drawn = [replace(pair, split="val" if i in chosen else "train") for i, pair in enumerate(pool)]
    return drawn + kept, bool(chosen)


def draw_val(names: Sequence[str], share: float) -> set[int]:
    """The places of the names that validate: about `share` of them, at least one, never all.

    Whole groups (`group_of`), in an order that hashes their names, as long as they fit. Where that
    leaves more than half of it open, as with one long video, the rest is the end of the largest
    group: one of its frames then has a neighbour in training. The same names give the same answer.
    """
    wanted = min(max(round(share * len(names)), 1), len(names) - 1)
    groups: dict[str, list[int]] = {}
    for place in sorted(range(len(names)), key=lambda i: _natural(names[i])):
        groups.setdefault(group_of(names[place]), []).append(place)
    chosen: set[int] = set()
    for group in sorted(groups, key=lambda name: hashlib.sha256(name.encode()).digest()):
        if len(chosen) + len(groups[group]) <= wanted:
            chosen.update(groups.pop(group))
    if 2 * len(chosen) < wanted:
        largest = max(groups.values(), key=len)
        chosen.update(largest[-min(wanted - len(chosen), len(largest)) :])
    return chosen


def _natural(name: str) -> list[tuple[int, str]]:
    """frame_9 before frame_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
