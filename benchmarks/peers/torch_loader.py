"""Worker: passes over a DataLoader of PyTorch. Started by benchmarks/input.py.

Runs in the environment of benchmarks/peers/setup.py.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import serve

HEIGHT, WIDTH, CROP, BATCH = 512, 1024, 0.625, 2  # as in benchmarks/input.py
KNOWN, OTHERS = 34, 255


def find_pairs(root: Path) -> list[tuple[str, str]]:
    """Training images and their label ids, in Cityscapes' layout."""
    images = sorted((root / "leftImg8bit" / "train").glob("*/*_leftImg8bit.png"))
    labels = root / "gtFine" / "train"
    ending = "_gtFine_labelIds.png"
    return [
        (str(i), str(labels / i.parent.name / i.name.replace("_leftImg8bit.png", ending)))
        for i in images
    ]


def make_dataset(pairs: list[tuple[str, str]], *, length: int, reference: bool):
    import numpy as np
    import torch

    train_ids = np.full(256, OTHERS, np.uint8)
    train_ids[:KNOWN] = np.arange(KNOWN)

    def corner(rng, height: int, width: int) -> tuple[int, int, int, int]:
        rows, columns = round(height * CROP), round(width * CROP)
        return (
            *(int(rng.integers(n)) for n in (height - rows + 1, width - columns + 1)),
            rows,
            columns,
        )

    def by_opencv(rng, image: str, label: str):
        import cv2

        cv2.setNumThreads(0)  # the loader's processes are what runs in parallel
        pixels, ids = cv2.imread(image), cv2.imread(label, cv2.IMREAD_UNCHANGED)
        top, left, rows, columns = corner(rng, *ids.shape)
        pixels = pixels[top : top + rows, left : left + columns]
        ids = ids[top : top + rows, left : left + columns]
        pixels = cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
        ids = cv2.resize(ids, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), train_ids[ids]

    def by_pillow(rng, image: str, label: str):
        from PIL import Image
        from skimage.segmentation import find_boundaries

        with Image.open(image) as file, Image.open(label) as other:
            top, left, rows, columns = corner(rng, file.height, file.width)
            box = (left, top, left + columns, top + rows)
            crop = file.convert("RGB").crop(box)
            pixels = np.array(crop.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
            ids = other.crop(box).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)
        classes = train_ids[np.asarray(ids)]
        return pixels, classes, find_boundaries(classes, mode="outer")

    class Pairs(torch.utils.data.Dataset):
        def __len__(self):
            return length

        def __getitem__(self, index: int):
            read = by_pillow if reference else by_opencv
            arrays = read(np.random.default_rng(index), *pairs[index % len(pairs)])
            return [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]

    return Pairs()


def prepare(args):
    """One call is one pass, from an empty pipeline to the last batch."""
    import torch

    pairs = find_pairs(args.root)
    length = args.steps * BATCH
    loader = torch.utils.data.DataLoader(
        make_dataset(pairs, length=length, reference=args.reference),
        batch_size=BATCH,
        shuffle=True,
        num_workers=args.workers,
        persistent_workers=True,
    )

    def one_pass():
        for image, *_ in loader:
            image.numpy()

    return one_pass, {"torch": torch.__version__}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--reference", action="store_true", help="Pillow, and boundaries")
    serve(lambda: prepare(parser.parse_args()), warmup=1)


if __name__ == "__main__":
    main()
