"""Every image and label of a data set is checked before the first training step.

Headers first (kind and size of all files: a few seconds), then every file is decoded fully.
Images may be PNG or JPEG with 8 bits a channel or fewer: gray, palette, RGB, with or without
alpha. 16-bit images are refused: they would lose half of their bits in silence.
"""

import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from kerasseg.data.facts import Facts, VerifiedCache
from kerasseg.data.label_png import (
    LabelEncoding,
    PngHeader,
    colors_of,
    ids_of,
    look_up_colors,
    read_png_header,
)
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.labels import UNKNOWN, VOID, LabelSet
from kerasseg.terminal import progress_bar

MAX_PROBLEMS = 5  # so many are listed
_MANY = 500  # from so many pairs on, progress is shown
_PNG_END = b"IEND\xaeB`\x82"  # the last chunk has no content, so its checksum is always this
_CHUNK = 32  # pairs a thread before problems are looked at


def verify_samples(
    samples: Sequence[Sample],
    *,
    label_set: LabelSet,
    cache: VerifiedCache,
    workers: int | None,
) -> list[Facts]:
    """The facts of every sample, in order; what the cache knows is not opened again.

    workers: threads (Pillow decodes without the GIL); None: as many as cores.
    Raises UserError naming up to MAX_PROBLEMS files and what is wrong with them.
    """
    with os_errors(None, "cannot be read"):
        known = [cache.get(sample) for sample in samples]
    new = [sample for sample, facts in zip(samples, known, strict=True) if facts is None]
    if not new:
        return [facts for facts in known if facts is not None]

    threads = workers or os.cpu_count() or 1
    new_facts: dict[Sample, Facts] = {}
    with ThreadPoolExecutor(threads) as pool:
        problems = list(filter(None, pool.map(lambda s: header_problem(s, label_set), new)))
        if problems:
            raise UserError(_listing(problems, more=f"and {len(problems) - MAX_PROBLEMS} more"))
        try:
            for chunk in _chunks_with_progress(new, _CHUNK * threads):
                results = pool.map(lambda s: _facts_or_problem(s, label_set), chunk)
                for sample, result in zip(chunk, results, strict=True):
                    if isinstance(result, Facts):
                        new_facts[sample] = result
                        cache.put(sample, result)
                    else:
                        problems.append(result)
                if len(problems) >= MAX_PROBLEMS:
                    break
        finally:
            cache.save()  # also when interrupted: what was verified stays verified
    if problems:
        read = len(new_facts) + len(problems)
        raise UserError(_listing(problems, more=f"and more; stopped after {read} of {len(new)}"))
    return [facts or new_facts[sample] for sample, facts in zip(samples, known, strict=True)]


def header_problem(sample: Sample, label_set: LabelSet) -> str | None:
    """What is wrong with kinds and sizes of the two files, from their headers; None: nothing."""
    try:
        with open(sample.image, "rb") as file:
            png = read_png_header(file)
            file.seek(0)
            with Image.open(file, formats=("PNG", "JPEG")) as image:
                size = image.size
        if png is not None and png.bits > 8:
            return f"{sample.image}: {png.bits} bits a channel; images need 8"
    except Exception as error:  # Pillow's plugins raise half a dozen types for damaged headers
        return _damaged(sample.image, error)
    try:
        with open(sample.label, "rb") as file:
            label = read_png_header(file)
    except OSError as error:
        return _damaged(sample.label, error)
    if label is None:
        return f"{sample.label}: not a PNG file; labels are PNG"
    if (label.width, label.height) != size:
        return (
            f"{sample.label}: {label.width} x {label.height} pixels, "
            f"but its image {sample.image} has {size[0]} x {size[1]}"
        )
    if label_set.drawn_as == "colors":
        return f"{sample.label}: 16 bits a channel; colours need 8" if label.bits > 8 else None
    if label.kind not in ("gray", "palette"):
        hint = "; if it holds colours, set `labels: colors` in the file of classes"
        return f"{sample.label}: {label.kind}, but labels have one channel of ids" + (
            hint if label_set.dataset == "folders" else ""
        )
    return None


def decode_pair(sample: Sample, label_set: LabelSet) -> Facts:
    """Decodes both files fully and counts the label's pixels a class.

    Raises UserError for unknown ids or colours, and for damaged files.
    """
    _decode(sample.image)
    label, header = _decode(sample.label)
    assert header is not None, "header_problem refuses labels that are not PNG"
    encoding: LabelEncoding
    if label_set.drawn_as == "colors":
        values, counts = np.unique(colors_of(label), return_counts=True)
        train_ids = look_up_colors(values, label_set.color_to_train)
        encoding = "colors"
    else:
        counts = np.bincount(ids_of(label, header.bits).ravel())
        values = np.flatnonzero(counts)
        counts = counts[values]
        train_ids = np.where(values < 256, label_set.table[values & 255], UNKNOWN)
        encoding = "ids" if (header.kind, header.bits) == ("gray", 8) else "indexed"
    unknown = train_ids == UNKNOWN
    if unknown.any():
        raise UserError(_unknown(sample.label, values[unknown], counts[unknown], label_set))
    pixels = np.bincount(train_ids, weights=counts, minlength=256).astype(np.int64)
    in_order = (*pixels[: label_set.num_classes].tolist(), int(pixels[VOID]))
    return Facts(header.height, header.width, encoding, in_order)


def _facts_or_problem(sample: Sample, label_set: LabelSet) -> Facts | str:
    try:
        return decode_pair(sample, label_set)
    except UserError as error:
        return str(error)


def _decode(path: Path) -> tuple[Image.Image, PngHeader | None]:
    """The picture, decoded, and its PNG header (None for JPEG); UserError if it is damaged.

    Pillow's `load` alone passes a PNG without its end or with wrong checksums, and a JPEG whose
    end is zeros (a broken copy); TensorFlow's decoders stop at them in the middle of a run.
    """
    try:
        data = path.read_bytes()
        header = read_png_header(io.BytesIO(data))
        if header is not None:
            Image.open(io.BytesIO(data), formats=("PNG",)).verify()
            whole = _PNG_END in data
        else:
            whole = data.rfind(b"\xff\xd9") >= data.rfind(b"\xff\xda")  # image end, scan start
        if not whole:
            raise OSError("image file is truncated")
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        image.load()
    except Exception as error:  # Pillow's plugins raise half a dozen types for damaged files
        raise UserError(_damaged(path, error)) from None
    return image, header


def _damaged(path: Path, error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"{path}: not a PNG or JPEG file"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{path}: cannot be decoded ({reason})"


def _unknown(path: Path, values: np.ndarray, counts: np.ndarray, label_set: LabelSet) -> str:
    """The message about values in a label file that the label set does not declare."""
    order = np.argsort(counts, kind="stable")[::-1][:MAX_PROBLEMS]  # the most pixels first
    if label_set.drawn_as == "colors":
        what, allowed = "colours", "the colours in the file of classes"
        shown = [f"[{v >> 16}, {v >> 8 & 255}, {v & 255}]" for v in values[order].tolist()]
    else:
        what = "ids"
        allowed = _ranges(np.flatnonzero(label_set.table != UNKNOWN).tolist())
        shown = [str(v) for v in values[order].tolist()]
    listed = ", ".join(f"{v} ({n} pixels)" for v, n in zip(shown, counts[order], strict=True))
    rest = f" and {len(values) - len(order)} more" if len(values) > len(order) else ""
    return f"{path}: unknown {what} {listed}{rest}; allowed: {allowed}"


def _ranges(numbers: list[int]) -> str:
    """Sorted numbers as text: [0, 1, 2, 5] -> "0-2, 5"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)


def _listing(problems: list[str], *, more: str) -> str:
    lines = problems[:MAX_PROBLEMS]
    return "\n".join([*lines, more] if len(problems) > MAX_PROBLEMS else lines)


def _chunks_with_progress(samples: list[Sample], size: int) -> Iterator[list[Sample]]:
    """`samples` in lists of `size`, with a bar on stderr (one line if that is no terminal)."""
    chunks = [samples[start : start + size] for start in range(0, len(samples), size)]
    if len(samples) < _MANY:
        yield from chunks
        return
    line = f"verifying {len(samples)} pairs of image and label, once"
    with progress_bar("verifying images and labels", total=len(samples), otherwise=line) as report:
        for number, chunk in enumerate(chunks):
            yield chunk
            report(number * size + len(chunk))
