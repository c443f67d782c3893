"""The images below a folder, and which of them a name in an annotation file means."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from kerasseg.data.image_file import SUFFIXES
from kerasseg.errors import UserError
from kerasseg.files import os_errors


class ImageIndex:
    """All images below `root`, found once."""

    def __init__(self, root: Path) -> None:
        """Raises UserError for a folder that cannot be listed."""
        self.root = root
        self.by_name: dict[str, list[Path]] = {}
        with os_errors(None, "cannot be read"):
            for path in sorted(files_below(root)):
                if path.name.lower().endswith(SUFFIXES):
                    self.by_name.setdefault(path.name, []).append(path)

    def find(self, name: str, *, near: Path, words: Iterable[str] = ()) -> Path | None:
        """The image that `name`, of a file in the folder `near`, means; None if there is none.

        First the path as it stands, from `near` and from the root; then the file of that name that
        shares the most of the folders in `name` and of `words`, such as the split.
        Raises UserError if that leaves several.
        """
        parts = parts_of(name)
        if not parts:
            return None
        found = self.by_name.get(parts[-1], [])
        for base in (near, self.root):
            if (path := base.joinpath(*parts)) in found:
                return path
        wanted = {*parts[:-1], *words}

        def score(path: Path) -> tuple[bool, int]:
            folders = path.relative_to(self.root).parts[:-1]
            tail = tuple(folders[-len(parts) + 1 :]) == parts[:-1] if len(parts) > 1 else False
            return tail, sum(any(word in folder for folder in folders) for word in wanted)

        best = max(map(score, found), default=None)
        likely = [path for path in found if score(path) == best]
        if len(likely) > 1:
            raise UserError(f"{name}: may be {likely[0]} or {likely[1]}")
        return likely[0] if likely else None

    def __iter__(self) -> Iterator[Path]:
        return (path for paths in self.by_name.values() for path in paths)


def files_below(folder: Path) -> Iterable[Path]:
    """All visible files below it; hidden folders and links to folders are not entered."""
    for place, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith("."):
                yield Path(place, name)


def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a path that a file gives, of Windows or not; without "..", root and drive."""
    path = PureWindowsPath(name) if "\\" in name else PurePosixPath(name)
    return tuple(part for part in path.parts if part not in ("..", ".", path.anchor))


def _raise(error: OSError) -> None:
    raise error
