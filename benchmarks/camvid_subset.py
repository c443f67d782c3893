"""Part of CamVid's training images, all of its validation images: links in SegNet's layout.

    python benchmarks/camvid_subset.py data/camvid camvid_52 --every 7

Every N-th frame by name, so that the neighbours of a frame, which look like it, are left out.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path


def train_names(root: Path) -> list[str]:
    """File names of the training images, sorted."""
    names = sorted(path.name for path in (root / "train").glob("*.png"))
    if not names:
        raise SystemExit(f"error: {root / 'train'}: no PNG files")
    return names


def write_subset(root: Path, out: Path, names: Iterable[str]) -> None:
    """Links the training images `names` and their labels into `out`, and the validation split."""
    for folder in ("train", "trainannot"):
        (out / folder).mkdir(parents=True)
        for name in names:
            (out / folder / name).symlink_to((root / folder / name).resolve())
    for folder in ("val", "valannot"):
        (out / folder).symlink_to((root / folder).resolve())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, help="holds train/, trainannot/, val/ and valannot/")
    parser.add_argument("out", type=Path, help="must not exist yet")
    parser.add_argument("--every", type=int, required=True, metavar="N")
    args = parser.parse_args()
    if args.out.exists():
        raise SystemExit(f"error: {args.out}: exists already")
    names = train_names(args.root)[:: args.every]
    write_subset(args.root, args.out, names)
    print(f"{args.out}: {len(names)} training images")


if __name__ == "__main__":
    sys.exit(main())
