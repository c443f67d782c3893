"""A model that takes images of one size only, for images of any size. No TensorFlow.

The image is resized to what the net sees and the logits are resized back, as the serving graph does
it inside: where that graph would choose the same size, the answers are the same.
"""

from abc import abstractmethod

import numpy as np

from kerasseg.inference.predictor import Predictor
from kerasseg.inference.tiles import Outputs
from kerasseg.labels import VOID
from kerasseg.runs.description import ModelDescription

Size = tuple[int, int]  # height, width
# float32 logits (outputs, h, w), and their spread (h, w), see `dropout_moments.pair_variance`: what
# the files give, under these names.
NetAnswers = tuple[np.ndarray, np.ndarray]
NET_OUTPUTS = ("logits", "spread")


class FixedSizePredictor(Predictor):
    """A net that answers for images of one size.

    size: (height, width) of what it takes. An image of another shape is seen distorted.
    """

    def __init__(self, description: ModelDescription, *, size: Size):
        super().__init__(description)
        self.size = size

    @property
    def gives_probabilities(self) -> bool:
        return True

    @abstractmethod
    def net(self, image: np.ndarray) -> NetAnswers:
        """Of an image of the one size, uint8 (h, w, 3)."""

    def compute(self, images: np.ndarray) -> Outputs:
        return self._stacked(images, probabilities=False)

    def compute_with_probabilities(self, images: np.ndarray) -> Outputs:
        return self._stacked(images, probabilities=True)

    def _stacked(self, images: np.ndarray, *, probabilities: bool) -> Outputs:
        answers = [self._answer(image, probabilities=probabilities) for image in images]
        return {name: np.stack([one[name] for one in answers]) for name in answers[0]}

    def _answer(self, image: np.ndarray, *, probabilities: bool) -> Outputs:
        return final_answers(
            *self.net(resize_pixels(image, self.size)),
            size=image.shape[:2],
            description=self.description,
            probabilities=probabilities,
        )

    def _compute_one(self, compute, image: np.ndarray) -> Outputs:  # type: ignore[no-untyped-def]
        # A tile would be enlarged to the one size: no tiles.
        return {name: values[0] for name, values in compute(image[None]).items()}


def final_answers(
    logits: np.ndarray,
    spread: np.ndarray,
    *,
    size: Size,
    description: ModelDescription,
    probabilities: bool,
) -> Outputs:
    """What the serving graph makes of a net's answers, `NetAnswers`, at (height, width) `size`.

    `labels` uint8, `confidence` and `uncertainty` float32, each (H, W); probabilities: also
    `probabilities`, float32 (H, W, outputs).
    """
    temperature = np.float32(description.temperature or 1.0)
    background = description.label_set.background_id
    uncertainty = _uncertainty(logits[:background], logits, spread, temperature=temperature)
    uncertainty = np.clip(resize_logits(uncertainty[None], size)[0], 0, 1)
    logits = resize_logits(logits, size)
    labels, largest = _arg_max(logits)
    powers = np.exp((logits - largest) / temperature)
    total = powers.sum(axis=0)
    if description.unlabelled_above is not None:
        void = VOID if background is None else background
        labels = _arg_max(logits[:background])[0]
        labels[uncertainty > np.float32(description.unlabelled_above)] = void
    outputs = {"labels": labels, "confidence": 1 / total, "uncertainty": uncertainty}
    if probabilities:
        outputs["probabilities"] = np.moveaxis(powers / total, 0, -1)
    return outputs


def _uncertainty(
    known: np.ndarray, logits: np.ndarray, spread: np.ndarray, *, temperature: np.float32
) -> np.ndarray:
    """`dropout_moments.known_uncertainty` (h, w); known: the logits of the known classes."""
    damping = np.sqrt(temperature**2 + np.float32(np.pi / 8) * np.maximum(spread, 0))
    with np.errstate(over="ignore"):  # infinity gives the right 1
        return 1 - 1 / np.exp(logits / damping - known.max(axis=0) / damping).sum(axis=0)


def _arg_max(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Over the first axis: index, uint8, and value. In NumPy by itself that takes far longer."""
    labels = np.zeros(logits.shape[1:], np.uint8)
    largest = logits[0].copy()
    for index in range(1, len(logits)):
        labels[logits[index] > largest] = index
        np.maximum(largest, logits[index], out=largest)
    return labels, largest


def resize_pixels(image: np.ndarray, size: Size) -> np.ndarray:
    """uint8 (H, W, C) to uint8 (height, width, C): `data.resize.resize_image`, in NumPy.

    Where the image has more than twice as many rows or columns, blocks of them are averaged first.
    """
    if image.shape[:2] == tuple(size):
        return image
    rows, columns = (
        (source + 2 * target - 1) // (2 * target)
        for source, target in zip(image.shape, size, strict=False)
    )
    if rows * columns > 1:
        image = _average_blocks(image, rows, columns)
    values = _interpolate(_interpolate(image.astype(np.int32), size[0], axis=0), size[1], axis=1)
    return np.round(values / 65536).astype(np.uint8)


def _average_blocks(image: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Mean over blocks of rows x columns pixels, to whole levels; the edge pixel is repeated."""
    down, across = -(-image.shape[0] // rows), -(-image.shape[1] // columns)
    more = ((0, down * rows - image.shape[0]), (0, across * columns - image.shape[1]), (0, 0))
    blocks = np.pad(image, more, mode="edge").reshape(down, rows, across, columns, -1)
    total = blocks.sum(axis=(1, 3), dtype=np.int64).astype(np.float32)
    return np.round(total / np.float32(rows * columns))


def _interpolate(values: np.ndarray, size: int, *, axis: int) -> np.ndarray:
    """Along one axis, times 256, in whole numbers: half-pixel centres, the edge repeated."""
    source = values.shape[axis]
    place = np.clip((2 * np.arange(size) + 1) * source - size, 0, 2 * size * (source - 1))
    low = place // (2 * size)  # place is in units of 1 / (2 size) pixels
    weight = ((place - low * 2 * size) * 256 + size) // (2 * size)
    weight = weight.astype(np.int32).reshape([-1] + [1] * (values.ndim - 1 - axis))
    near = values.take(low, axis=axis)
    far = values.take(np.minimum(low + 1, source - 1), axis=axis)
    return near * (256 - weight) + far * weight


def resize_logits(logits: np.ndarray, size: Size) -> np.ndarray:
    """float32 (outputs, h, w) to (outputs, height, width): bilinear, half-pixel centres."""
    for axis, target in zip((1, 2), size, strict=True):
        source = logits.shape[axis]
        if source == target:
            continue
        place = (np.arange(target) + 0.5) * (source / target) - 0.5
        place = np.clip(place, 0, source - 1)
        low = place.astype(np.int64)
        weight = (place - low).astype(np.float32).reshape([-1] + [1] * (2 - axis))
        near = logits.take(low, axis=axis)
        far = logits.take(np.minimum(low + 1, source - 1), axis=axis)
        far -= near
        far *= weight
        near += far
        logits = near
    return logits
