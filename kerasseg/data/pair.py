"""One image with its label: are both sound, do they fit, and what is drawn there?

Images may be PNG or JPEG with 8 bits a channel or fewer: gray, palette, RGB, CMYK, with or without
alpha. 16-bit images are refused: they would lose half of their bits in silence.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from kerasseg.data.exif import UPRIGHT, orientation_of, swaps_sides
from kerasseg.data.facts import Facts
from kerasseg.data.label_png import (
    LabelEncoding,
    PngHeader,
    colors_of,
    ids_of,
    look_up_colors,
    read_png_header,
)
from kerasseg.data.label_values import (
    equal_channels_hint,
    palette_contradiction,
    unknown_values,
)
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.labels import UNKNOWN, VOID, LabelSet

_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"  # the last chunk has no content: always the same bytes
# Kinds of JPEG, by the marker of the frame, that TensorFlow's decoder takes: Huffman and arithmetic
# coding, sequential and progressive. Pillow's takes lossless ones as well.
_JPEG_KINDS = frozenset(b"\xc0\xc1\xc2\xc9\xca")


def header_problem(sample: Sample, label_set: LabelSet) -> str | None:
    """What is wrong with kinds and sizes of the two files, from their headers; None: nothing."""
    try:
        with open(sample.image, "rb") as file:
            png = read_png_header(file)
            file.seek(0)
            with Image.open(file, formats=("PNG", "JPEG")) as image:
                size = image.size
                # To look for late EXIF Pillow decodes a PNG: left to `decode_pair`.
                early = png is None or "exif" in image.info
                orientation = orientation_of(image) if early else UPRIGHT
        if png is not None and png.bits > 8:
            return f"{sample.image}: {png.bits} bits a channel; images need 8"
    except Exception as error:  # Pillow's plugins raise half a dozen types for damaged headers
        return _damaged(sample.image, error)
    try:
        with open(sample.label, "rb") as file:
            label = read_png_header(file)
            file.seek(0)
            is_jpeg = file.read(2) == b"\xff\xd8"
    except OSError as error:
        return _damaged(sample.label, error)
    if label is None:
        reason = ", since JPEG changes their values" if is_jpeg else ""
        return f"{sample.label}: not a PNG file; labels are PNG{reason}"
    misfit = _misfit(sample, label, size=size, orientation=orientation)
    if misfit:
        return misfit if early else _late_misfit(sample, label)
    if label_set.drawn_as == "colors":
        return f"{sample.label}: 16 bits a channel; colours need 8" if label.bits > 8 else None
    if label.kind not in ("gray", "palette"):
        hint = "; if it holds colours, set `labels: colors` in the file of classes"
        return f"{sample.label}: {label.kind}, but labels have one channel of ids" + (
            hint if label_set.dataset == "folders" else ""
        )
    return None


def header_hint(sample: Sample, label_set: LabelSet) -> str:
    """More on a label that `header_problem` has refused, for which it is decoded; or ""."""
    if label_set.drawn_as == "colors":
        return ""
    try:
        label, header = _decode(sample.label)
    except UserError:
        return ""
    in_color = header is not None and header.kind in ("RGB", "RGBA")
    return equal_channels_hint(label, label_set) if in_color else ""


def decode_pair(sample: Sample, label_set: LabelSet) -> Facts:
    """Decodes both files fully and counts the label's pixels a class.

    Raises UserError for unknown ids or colours, and for damaged files.
    """
    image, _ = _decode(sample.image)
    label, header = _decode(sample.label)
    assert header is not None, "header_problem refuses labels that are not PNG"
    orientation = orientation_of(image)
    misfit = _misfit(sample, header, size=image.size, orientation=orientation)
    if misfit:
        raise UserError(misfit)
    encoding: LabelEncoding
    if label_set.drawn_as == "colors":
        values, counts = np.unique(colors_of(label), return_counts=True)
        train_ids = look_up_colors(
            values, label_set.color_to_train, tolerance=label_set.color_tolerance
        )
        encoding = "colors"
    else:
        counts = np.bincount(ids_of(label, header.bits).ravel())
        values = np.flatnonzero(counts)
        counts = counts[values]
        train_ids = np.where(values < 256, label_set.table[values & 255], UNKNOWN)
        encoding = "ids" if (header.kind, header.bits) == ("gray", 8) else "indexed"
    unknown = train_ids == UNKNOWN
    if unknown.any():
        text = unknown_values(sample.label, values[unknown], counts[unknown], label_set)
        hint = equal_channels_hint(label, label_set) if label_set.drawn_as == "colors" else ""
        raise UserError(text + hint)
    if encoding == "indexed" and header.kind == "palette":
        palette = np.reshape(label.getpalette("RGB") or [], (-1, 3))
        contradiction = palette_contradiction(sample.label, values, palette, label_set)
        if contradiction:
            raise UserError(contradiction)
    pixels = np.bincount(train_ids, weights=counts, minlength=256).astype(np.int64)
    in_order = (*pixels[: label_set.num_classes].tolist(), int(pixels[VOID]))
    return Facts(header.height, header.width, encoding, in_order, orientation)


def _late_misfit(sample: Sample, label: PngHeader) -> str | None:
    try:
        image, _ = _decode(sample.image)
    except UserError as error:
        return str(error)
    return _misfit(sample, label, size=image.size, orientation=orientation_of(image))


def _misfit(
    sample: Sample, label: PngHeader, *, size: tuple[int, int], orientation: int
) -> str | None:
    """What is wrong with the label's size. size: width and height of the image as stored."""
    shown = size[::-1] if swaps_sides(orientation) else size
    if (label.width, label.height) == shown:
        return None
    text = (
        f"{sample.label}: {label.width} x {label.height} pixels, "
        f"but its image {sample.image} has {shown[0]} x {shown[1]}"
    )
    if shown == size:
        return text
    text += f" when turned upright (EXIF orientation {orientation})"
    if (label.width, label.height) == size:
        text += (
            "; the label lies on the pixels as stored: turn it, or remove the orientation from "
            "the image if the label shows the scene upright"
        )
    return text


def _decode(path: Path) -> tuple[Image.Image, PngHeader | None]:
    """The picture, decoded, and its PNG header (None for JPEG); UserError if it is damaged, or of a
    kind that TensorFlow's decoders, which training uses, do not take.

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
            kind = _jpeg_kind(data)
            if kind is not None and kind not in _JPEG_KINDS:
                raise OSError("a lossless or hierarchical JPEG; save it as an ordinary one, or PNG")
        if not whole:
            raise OSError("image file is truncated")
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        image.load()
    except Exception as error:  # Pillow's plugins raise half a dozen types for damaged files
        raise UserError(_damaged(path, error)) from None
    return image, header


def _jpeg_kind(data: bytes) -> int | None:
    """The second byte of the marker that starts the frame; None if there is no such marker."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return marker
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _damaged(path: Path, error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"{path}: not a PNG or JPEG file{_real_kind(path)}"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{path}: cannot be decoded ({reason})"


def _real_kind(path: Path) -> str:
    """What a file is that is called otherwise."""
    try:
        with Image.open(path) as image:
            return f", but {image.format}; convert it"
    except Exception:  # no image, or a damaged one
        return ""
