"""An image file to RGB pixels, as a model takes them."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from kerasseg.data.exif import UPRIGHT, orientation_of, turn_upright
from kerasseg.errors import UserError

# What is taken out of a folder; a file that is named itself may be of any format Pillow reads.
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm")


def read_image(path: Path) -> np.ndarray:
    """uint8 (H, W, 3) RGB, upright: as a viewer shows it. See `read_photo`."""
    return read_photo(path)[0]


def read_photo(path: Path) -> tuple[np.ndarray, int]:
    """uint8 (H, W, 3) RGB, turned upright, and the EXIF orientation that said how (1: not turned).

    Gray is repeated, a palette looked up, alpha dropped, 16 bits cut to their upper 8; of an
    animation it is the first picture.
    Raises UserError if it cannot be read, or has no sensible 8-bit form.
    """
    try:
        with warnings.catch_warnings():
            # A large image is computed in tiles; what is far too large is still an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                file.load()
                orientation = orientation_of(file)
                return turn_upright(_rgb(file), orientation), orientation
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except UnidentifiedImageError:
        raise UserError(f"{path}: not an image") from None
    except Image.DecompressionBombError:
        limit = 2 * int(Image.MAX_IMAGE_PIXELS or 0)
        raise UserError(f"{path}: more than {limit:,} pixels") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path}: cannot be read as an image ({reason})") from None


def upright_bytes(data: bytes) -> bytes:
    """An image file for somebody who reads no EXIF: turned upright, as PNG, if EXIF asks for it.

    Anything else comes back as it is, what is no image included.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as file:
                orientation = orientation_of(file)
                if orientation == UPRIGHT:
                    return data
                file.load()
                turned = Image.fromarray(turn_upright(_rgb(file), orientation))
    except Exception:  # damaged, in one of the many ways that Pillow knows: for the reader to say
        return data
    png = io.BytesIO()
    turned.save(png, format="PNG", compress_level=1)
    return png.getvalue()


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):  # 16 bits, or 16 bits in an integer of 32
        gray = np.asarray(image).astype(np.int64)
        gray = (np.clip(gray, 0, 65535) >> 8).astype(np.uint8)
        return np.repeat(gray[..., None], 3, axis=-1)
    if image.mode == "F":
        raise UserError("found pixels that are floating-point numbers, allowed: 8 or 16 bits")
    if image.mode == "P":  # by way of alpha: a transparent palette has it in places
        image = image.convert("RGBA")
    return np.array(image.convert("RGB"))
