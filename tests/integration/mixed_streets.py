"""Drawn streets as cameras of several resolutions took them, some of them held upright."""

from pathlib import Path

from PIL import Image


def mix_sizes(root: Path) -> None:
    """Rewrites drawn streets of 256 x 512 in the Cityscapes layout, file by file: of four scenes
    one stays, one has half the size, and of two an upright part is kept, one of it at 3/4."""
    for image in sorted((root / "leftImg8bit").rglob("*.png")):
        stem = image.name.removesuffix("_leftImg8bit.png")
        labels = root / "gtFine" / image.relative_to(root / "leftImg8bit").parent
        number = int(stem.split("_")[2])
        for path in (image, *labels.glob(f"{stem}_*.png")):
            with Image.open(path) as opened:
                picture = opened.copy()
            if number % 4 >= 2:
                picture = picture.crop((180, 0, 308, 256))
            factor = {1: 0.5, 3: 0.75}.get(number % 4, 1.0)
            size = tuple(round(side * factor) for side in picture.size)
            resample = Image.Resampling.BOX if path == image else Image.Resampling.NEAREST
            picture.resize(size, resample).save(path)
