"""An image file to RGB pixels, as a model takes them."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from kerasseg.errors import UserError

# What is taken out of a folder; a file that is named itself may be of any format Pillow reads.
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm")


def read_image(path: Path) -> np.ndarray:
    """uint8 (H, W, 3) RGB, pixel for pixel as stored.

    Gray is repeated, a palette looked up, alpha dropped, 16 bits cut to their upper 8; of an
    animation it is the first picture. An EXIF orientation is not applied, so that the labels lie
    on the pixels of the file and fit other label files of it.
    Raises UserError if it cannot be read, or has no sensible 8-bit form.
    """
    try:
        with warnings.catch_warnings():
            # A large image is computed in tiles; what is far too large is still an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                file.load()
                return _rgb(file)
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
