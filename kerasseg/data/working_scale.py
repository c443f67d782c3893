"""At which scale the net sees an image: one rule for training, validation, export and serving.

A camera changes its resolution, not its field of view: an image of H x W pixels and its copy of
half the size are to get the same labels. So the scale follows from the size of the image. At crop
1.0 the net sees a *frame*, resized to the working size: a rectangle of as many pixels as the image,
in the shape of the working size. Where all images of the data set have one size, the frame has
their shape instead, so that such an image is its own frame.

    scale = working side / frame side, axis by axis;
            sqrt(working area / (H W)) on both, if the frame has the shape of the working size

All that serving needs is computed in whole numbers, so that Python, TensorFlow and ONNX Runtime
agree on every pixel. No TensorFlow here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Size = tuple[int, int]  # height, width

# A fixed scale is a fraction with at most this below the line: 2e-9 off where it is worst.
_DENOMINATOR = 10_000


@dataclass(frozen=True)
class WorkingScale:
    """The scale of every image of a data set and of a model trained on it.

    working_size: (height, width), what a crop is resized to. native_size: (height, width) of all
    images, or None if they differ. fixed: working pixels per pixel of any image, on both axes, > 0,
    or None for the rule.

    The methods take the height and width of an image as whole numbers of Python, or as int64
    tensors with the operations on them: root, the largest whole number whose square is no more
    than a number >= 0, and maximum.
    """

    working_size: Size
    native_size: Size | None = None
    fixed: float | None = None

    @property
    def ratio(self) -> Fraction | None:
        """The scale of every image, None where it depends on the image."""
        if self.fixed is None:
            return None
        return max(Fraction(self.fixed).limit_denominator(_DENOMINATOR), Fraction(1, _DENOMINATOR))

    @property
    def leaves_image(self) -> bool:
        """Whether a crop of scale 1.0 or less may reach beyond an image of the data set."""
        return self.native_size is None or self.fixed is not None

    @property
    def _shape(self) -> Fraction:
        """Height over width of the frame."""
        return Fraction(*(self.native_size or self.working_size))

    @property
    def area_constants(self) -> tuple[Fraction, Fraction]:
        """The squared scale times the pixels of the image, axis by axis."""
        down, across = self.working_size
        return down**2 / self._shape, across**2 * self._shape

    def image_size(
        self,
        height: Any,
        width: Any,
        *,
        root: Callable[[Any], Any] = math.isqrt,
        maximum: Callable[[Any, int], Any] = max,
    ) -> tuple[Any, Any]:
        """(height, width) that the net sees of an image: side x scale, half up, at least 1."""
        ratio = self.ratio
        if ratio is not None:
            up, below = ratio.numerator, ratio.denominator
            return tuple(maximum((2 * n * up + below) // (2 * below), 1) for n in (height, width))
        sides = []
        for side, other, constant in zip(
            (height, width), (width, height), self.area_constants, strict=True
        ):
            # k is the largest with 2 k - 1 <= 2 side x scale, and of that both sides are squared.
            up, below = 4 * constant.numerator, constant.denominator
            sides.append(maximum((root(side * up // (other * below)) + 1) // 2, 1))
        return sides[0], sides[1]

    def blocks(
        self, height: Any, width: Any, *, root: Callable[[Any], Any] = math.isqrt
    ) -> tuple[Any, Any]:
        """Rows and columns of the blocks that are averaged before an image is resized: the
        smallest that leave a scale of at least 1/2."""
        ratio = self.ratio
        if ratio is not None:
            block = max(1, math.ceil(1 / (2 * ratio)))
            return block, block
        # The smallest b with (2 b x scale)² >= 1.
        sides = [
            root((height * width * c.denominator - 1) // (4 * c.numerator)) + 1
            for c in self.area_constants
        ]
        return sides[0], sides[1]

    def frame(
        self, height: Any, width: Any, *, root: Callable[[Any], Any] = math.sqrt
    ) -> tuple[Any, Any]:
        """(height, width) in pixels of the image that a crop of scale 1.0 covers, as floats; more
        than the image has along an axis where it is of another shape.

        height, width: floats or float64 tensors. root: the square root of such.
        """
        ratio = self.ratio
        if ratio is not None:
            sides = [side / ratio for side in self.working_size]
            return float(sides[0]), float(sides[1])
        up, below = self._shape.numerator, self._shape.denominator
        # Whole numbers below 2**53, so that the frame of an image of the one size is exact.
        return root(height * width * up / below), root(height * width * below / up)
