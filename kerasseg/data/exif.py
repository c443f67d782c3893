"""The EXIF orientation of a photo, and its pixels turned upright, as viewers show them.

A camera that is held on its side stores the pixels of its sensor and a number, 1 to 8, that says
how to turn or mirror them.
"""

import numpy as np
from PIL import Image

_ORIENTATION = 0x0112  # the tag
UPRIGHT = 1


def orientation_of(image: Image.Image) -> int:
    """1 to 8; 1 (as stored) if nothing sensible is said. Loads a PNG whose EXIF may come late."""
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # damaged EXIF is no damage of the image: viewers pass over it
        return UPRIGHT
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else UPRIGHT


def swaps_sides(orientation: int) -> bool:
    """Whether height and width change places."""
    return orientation >= 5


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels as stored, (H, W, …), as they are shown: (W, H, …) where `swaps_sides`.

    A view where nothing is to be turned, else a contiguous copy. The same as Pillow's
    `ImageOps.exif_transpose`.
    """
    if orientation == UPRIGHT:
        return pixels
    turned = np.swapaxes(pixels, 0, 1) if swaps_sides(orientation) else pixels
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return np.ascontiguousarray(turned)
