"""CamVid in SegNet's layout for PyTorch: pairs in memory, augmentation, class weights, scores."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance

CLASSES = (
    "Sky",
    "Building",
    "Pole",
    "Road",
    "Pavement",
    "Tree",
    "SignSymbol",
    "Fence",
    "Car",
    "Pedestrian",
    "Bicyclist",
)
VOID = 11


def read_split(root: Path, split: str, *, limit: int | None = None):
    """(images, labels): lists of uint8 (H, W, 3) and (H, W) at native size."""
    paths = sorted((root / split).glob("*.png"))[:limit]
    if not paths:
        raise SystemExit(f"error: {root / split}: no PNG files")
    images, labels = [], []
    for path in paths:
        with Image.open(path) as file:
            images.append(np.array(file.convert("RGB")))
        with Image.open(root / f"{split}annot" / path.name) as file:
            labels.append(np.array(file))
    return images, labels


def class_weights(labels, *, power: float) -> np.ndarray:
    """(median frequency / frequency) ** power, float32 (11,), as SegNet defines the frequency:
    pixels of a class over all pixels of the images in which it occurs."""
    counts = np.array([np.bincount(label.ravel(), minlength=VOID + 1) for label in labels])
    pixels, present = counts[:, :VOID].sum(0), counts[:, :VOID] > 0
    frequency = pixels / np.maximum((present * counts.sum(1, keepdims=True)).sum(0), 1)
    occurs = pixels > 0
    weights = np.ones(VOID)
    weights[occurs] = (np.median(frequency[occurs]) / frequency[occurs]) ** power
    return weights.astype(np.float32)


class TrainingSet(torch.utils.data.Dataset):
    """Item i is image i in a random order an epoch, flipped, scaled, cropped, coloured.

    size: (height, width). scale: (low, high): the image at `size` times s, log-uniform, then a
    random crop of `size`, void beyond the image; (1, 1) = whole images. colour: brightness,
    contrast and saturation by a factor in 1 - colour … 1 + colour.
    """

    def __init__(self, images, labels, *, size, length, seed, scale=(1.0, 1.0), colour=0.0):
        self.pairs = [
            tuple(map(Image.fromarray, pair)) for pair in zip(images, labels, strict=True)
        ]
        self.size, self.length, self.seed = size, length, seed
        self.scale, self.colour = scale, colour

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int):
        epoch, position = divmod(index, len(self.pairs))
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.pairs))
        image, label = self.pairs[order[position]]
        rng = np.random.default_rng((self.seed, epoch, position))
        image, label = self._cut(image, label, rng)
        if self.colour:
            for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
                image = kind(image).enhance(rng.uniform(1 - self.colour, 1 + self.colour))
        image, label = np.array(image), np.array(label)
        if rng.random() < 0.5:
            image, label = image[:, ::-1], label[:, ::-1]
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
        return pixels, torch.from_numpy(np.ascontiguousarray(label)).long()

    def _cut(self, image, label, rng):
        height, width = self.size
        low, high = self.scale
        s = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        scaled = (round(width * s), round(height * s))
        image = image.resize(scaled, Image.Resampling.BILINEAR)
        label = label.resize(scaled, Image.Resampling.NEAREST)
        if scaled == (width, height):
            return image, label
        left, top = (_corner(rng, a - b) for a, b in zip(scaled, (width, height), strict=True))
        crop = Image.new("RGB", (width, height), (127, 127, 127))
        target = Image.new("L", (width, height), VOID)
        crop.paste(image, (-left, -top))
        target.paste(label, (-left, -top))
        return crop, target


def _corner(rng, slack: int) -> int:
    """Where the crop begins; below 0 where the image is smaller than the crop."""
    return int(rng.integers(slack + 1)) if slack >= 0 else -int(rng.integers(1 - slack))


@torch.inference_mode()
def confusion(net, images, labels, *, size) -> np.ndarray:
    """int64 (11, 11): rows truth, columns prediction; logits upsampled to the native size."""
    net.eval()
    found = np.zeros((VOID, VOID), np.int64)
    for image, label in zip(images, labels, strict=True):
        small = Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(small)).permute(2, 0, 1)[None]
        logits = net(pixels.contiguous(memory_format=torch.channels_last))
        logits = torch.nn.functional.interpolate(
            logits.float(), size=label.shape, mode="bilinear", align_corners=False
        )
        known = label != VOID
        predicted = logits[0, :VOID].argmax(0).numpy()[known]
        pairs = VOID * label[known].astype(np.int64) + predicted
        found += np.bincount(pairs, minlength=VOID**2).reshape(VOID, VOID)
    net.train()
    return found


def scores(matrix: np.ndarray) -> dict:
    """Mean IoU over the classes that occur, pixel accuracy, IoU of each class."""
    hit = np.diag(matrix)
    union = matrix.sum(0) + matrix.sum(1) - hit
    iou = {n: float(h / u) if u else None for n, h, u in zip(CLASSES, hit, union, strict=True)}
    known = [value for value in iou.values() if value is not None]
    return {
        "miou": float(np.mean(known)),
        "pixel_accuracy": float(hit.sum() / matrix.sum()),
        "classes": iou,
    }
