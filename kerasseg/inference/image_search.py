"""Files, folders and patterns to the images and videos that are meant."""

import glob
from collections.abc import Sequence
from pathlib import Path

from kerasseg.data.image_file import SUFFIXES
from kerasseg.errors import UserError

# What is taken as a video; others are tried as images.
VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv")
RESULTS = ("labels", "overlay", "uncertainty")  # <name>_<this>.png


def is_video(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def find_images(
    given: Sequence[str], *, out: Path | None, videos: bool = False
) -> tuple[Path, ...]:
    """The images that `given` names, each once, in that order; those of a folder sorted.

    given: files; folders, searched with all below them; patterns with `*`, `?`, `[…]` or `**`.
    In a folder, what is named like a result (`x_labels.png` beside an image `x`) is passed over,
    and so is whatever lies below `out`, if given. videos: takes them out of folders, too. Raises
    UserError if one leads to no image.
    """
    suffixes = (*SUFFIXES, *VIDEO_SUFFIXES) if videos else SUFFIXES
    unique: dict[Path, Path] = {}
    for text in given:
        paths = [Path(text)]
        if not paths[0].exists():
            paths = [Path(p) for p in sorted(glob.glob(text, recursive=True))]
            if not paths:
                what = "matches nothing" if glob.has_magic(text) else "no such file or directory"
                raise UserError(f"{text}: {what}")
        images = [image for path in paths for image in _images_at(path, suffixes, out=out)]
        if not images:
            what = "image or video" if videos else "image"
            raise UserError(f"{text}: no {what} there ({' '.join(suffixes)})")
        for image in images:
            unique.setdefault(image.resolve(), image)
    return tuple(unique.values())


def find_unused(
    given: Sequence[str], *, out: Path | None, videos: bool = False
) -> tuple[Path, ...]:
    """The visible files in the folders that `given` names which `find_images` passes over because
    they are of another kind; each once, sorted. given, out, videos: as there."""
    suffixes = (*SUFFIXES, *VIDEO_SUFFIXES) if videos else SUFFIXES
    unused: dict[Path, Path] = {}
    for text in given:
        for folder in [Path(text)] if Path(text).exists() else glob.glob(text, recursive=True):
            for file in _files_below(Path(folder), out=out):
                hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
                if file.suffix.lower() not in suffixes and not hidden:
                    unused.setdefault(file.resolve(), file)
    named = {Path(text).resolve() for text in given}
    return tuple(sorted(file for resolved, file in unused.items() if resolved not in named))


def _images_at(path: Path, suffixes: Sequence[str], *, out: Path | None) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = [
        file
        for file in _files_below(path, out=out)
        if file.suffix.lower() in suffixes and not file.name.startswith(".")
    ]
    images = {file.with_suffix("") for file in files if not is_video(file)}
    videos = {file.with_suffix("") for file in files if is_video(file)}
    return [file for file in files if not _is_result(file, images, videos)]


def _files_below(folder: Path, *, out: Path | None) -> list[Path]:
    """Sorted, without those below `out`; none if `folder` is none."""
    skipped = out and out.resolve()
    if skipped and folder.resolve().is_relative_to(skipped):
        skipped = None  # the folder itself was asked for
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not (skipped and file.resolve().is_relative_to(skipped))
    ]


def _is_result(file: Path, images: set[Path], videos: set[Path]) -> bool:
    """images, videos: those that are there, without their suffixes."""
    base, _, ending = file.stem.rpartition("_")
    if file.suffix == ".mp4":
        return ending == "overlay" and file.with_name(base) in videos
    of_frame = file.parent.with_name(file.parent.name.removesuffix("_labels")) in videos
    of_image = ending in RESULTS and file.with_name(base) in images
    return file.suffix == ".png" and (of_image or (of_frame and base == "frame"))
