"""Files that lie where images and labels are expected, but that no sample is made of."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kerasseg.data.samples import Sample, near_miss, refuse_dangling_link
from kerasseg.errors import UserError


def files_left_out(
    samples: Sequence[Sample], folders: Iterable[Path], *, known: tuple[str, ...] = ()
) -> list[Path]:
    """What is visible in `folders`, at any depth, and belongs to no sample; sorted.

    known: endings, in lower case, of files that are left out on purpose. A link to a folder counts
    as one file: it is not followed. Raises UserError for a link to nothing.
    """
    used = {path for sample in samples for path in (sample.image, sample.label)}
    return sorted(
        path
        for folder in folders
        for path in visible_below(folder)
        if path not in used and not path.name.lower().endswith(known)
    )


def visible_below(folder: Path) -> Iterator[Path]:
    """Files at any depth, without those whose name or folder starts with a dot, unsorted.

    A link to a folder comes as one file; of a folder that is not there comes nothing. Raises
    UserError for a link to nothing, OSError for a folder that cannot be listed.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in (*files, *links):
            if not name.startswith("."):
                path = Path(place, name)
                refuse_dangling_link(path)
                yield path


def refuse_orphans(
    labels: Iterable[Path], samples: Sequence[Sample], *, images: Path, end: str = "", allowed: str
) -> None:
    """Raises UserError naming the first label that belongs to no sample.

    images: folder where its image is expected. end: of a label's name without its suffix, which
    the image's does not have. allowed: the image's name after {name}.
    """
    orphans = sorted(set(labels) - {sample.label for sample in samples})
    if not orphans:
        return
    first = orphans[0]
    stem = first.stem.removesuffix(end)
    more = f" (and {len(orphans) - 1} more labels without image)" if len(orphans) > 1 else ""
    near = near_miss(images, stem, besides=first)
    raise UserError(f"{first}: has no image; expected {images / stem}{allowed}{near}{more}")
