"""A source to plain folders: images, label PNGs and labels.yaml, all of it or nothing."""

import io
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import yaml
from PIL import Image

from kerasseg.config.yaml_file import SettingsDumper
from kerasseg.data.exif import UPRIGHT, orientation_of, swaps_sides, turn_upright
from kerasseg.data.image_file import read_photo
from kerasseg.data.label_png import read_png_header
from kerasseg.errors import UserError
from kerasseg.files import os_errors, temporary_folder
from kerasseg.importing.class_map import ClassPlan
from kerasseg.importing.partition import with_splits
from kerasseg.importing.source import BACKGROUND, Labelled, Source, misfit
from kerasseg.labels import VOID
from kerasseg.labels.label_file import read_label_file

# Phones write MPO: a JPEG with further pictures behind the first.
_COPIED = {"PNG": ".png", "JPEG": ".jpg", "MPO": ".jpg"}
_VOID_COLORS = (0, 0, 0), (224, 224, 192), (255, 255, 255)


@dataclass
class Outcome:
    """What was written. images: per split. pixels: int64 (256,) of each written id. classes: name
    -> id.

    unknown: pixels or shapes of undeclared classes. outside: shapes; turned: labels that were drawn
    on the photo as stored. problems: lines, one for each image that was left out because a file
    could not be read. Of what is added to a folder: there, names of images that it has already;
    new_classes, that it did not have.
    """

    images: Counter[str] = field(default_factory=Counter)
    pixels: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    classes: dict[str, int] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    outside: list[tuple[str, int]] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    drawn_val: bool = False
    there: list[str] = field(default_factory=list)
    new_classes: tuple[str, ...] = ()


def write_folders(
    source: Source,
    out: Path,
    *,
    plan: ClassPlan,
    val: float,
    progress: Callable[[int], object] = lambda done: None,
) -> Outcome:
    """Writes `source` to the new folder `out`, by way of one beside it that is renamed at the end.

    val: share of the images that validate where the source has no split for it; 0: none.
    Raises UserError, and nothing is left, if `out` is there and not empty, if there are fewer than
    two classes, if no image could be read, or if it cannot be written.
    """
    refuse_existing(out)
    pairs, drawn_val = with_splits(source.pairs, val)
    jobs = named(pairs)
    with temporary_folder(out.parent) as folder, os_errors(out, "cannot be written"):
        outcome = draw_pairs(jobs, folder, plan=plan, rest=source.rest, progress=progress)
        outcome.drawn_val = drawn_val
        outcome.classes = _write_classes(folder / "labels.yaml", plan, outcome.pixels)
        for path in folder.iterdir():
            if path.is_dir() and not outcome.images[path.name]:
                shutil.rmtree(path)
        if out.is_dir():
            out.rmdir()
        folder.rename(out)
    return outcome


def draw_pairs(
    jobs: Sequence[tuple[Labelled, str]],
    folder: Path,
    *,
    plan: ClassPlan,
    rest: str | None,
    table: np.ndarray | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Outcome:
    """Writes each pair to `folder`, as images/ and labels/ of its split, by the name beside it.

    rest: the class of what no shape covers. table: uint8 (256,), what is written for each id of
    `plan` and for VOID; by default the same. Raises UserError if no image could be read, OSError
    if `folder` cannot be written to.
    """
    outcome = Outcome()
    rest_id = VOID if rest is None else plan.ids.get(rest, VOID)
    ids = np.arange(256, dtype=np.uint8) if table is None else table
    for split in sorted({str(pair.split) for pair, _ in jobs}):
        (folder / split / "images").mkdir(parents=True)
        (folder / split / "labels").mkdir()

    def one(job: tuple[Labelled, str]) -> "_Written | str":
        try:
            rest = VOID if rest_id is None else rest_id
            return _write_pair(*job, folder, plan=plan, rest=rest, table=ids)
        except UserError as error:
            return str(error)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            results = pool.map(one, jobs)
            for done, (job, result) in enumerate(zip(jobs, results, strict=True), start=1):
                _add(outcome, job[0], result)
                progress(done)
        except BaseException:  # Ctrl-C waits for what has begun, not for all the rest
            pool.shutdown(cancel_futures=True)
            raise
    if not outcome.images:
        raise UserError("\n".join(["no image could be read:", *outcome.problems[:5]]))
    return outcome


def refuse_existing(out: Path) -> None:
    """Raises UserError if `out` is a file, or a folder that is not empty."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"{out}: is there already; --add adds to it, or choose a new folder")


@dataclass(frozen=True)
class _Written:
    counts: np.ndarray
    unknown: Counter[str]
    outside: int
    turned: bool


def _add(outcome: Outcome, pair: Labelled, result: _Written | str) -> None:
    if isinstance(result, str):
        outcome.problems.append(result)
        return
    outcome.images[str(pair.split)] += 1
    outcome.pixels += result.counts
    outcome.unknown += result.unknown
    if result.outside:
        outcome.outside.append((pair.name, result.outside))
    if result.turned:
        outcome.turned.append(pair.name)


def named(pairs: Sequence[Labelled]) -> list[tuple[Labelled, str]]:
    """Each pair with the name of its files: the image's, with its folders where two are alike.

    Raises UserError if that does not tell them apart.
    """
    stems = Counter(PurePosixPath(pair.name).name.casefold() for pair in pairs)
    jobs = []
    seen: dict[str, str] = {}
    for pair in pairs:
        stem = PurePosixPath(pair.name).name
        name = stem if stems[stem.casefold()] == 1 else pair.name.strip("/").replace("/", "_")
        if (other := seen.get(name.casefold())) is not None:
            raise UserError(f"{pair.name} and {other}: would both be called {name}; rename one")
        seen[name.casefold()] = pair.name
        jobs.append((pair, name))
    return jobs


def _write_pair(
    pair: Labelled, name: str, folder: Path, *, plan: ClassPlan, rest: int, table: np.ndarray
) -> _Written:
    """Raises UserError if a file cannot be read, or the label does not fit the image."""
    where = pair.image if isinstance(pair.image, Path) else Path(pair.name)
    data, suffix, stored, orientation = _image(pair.image, where)
    upright = stored[::-1] if swaps_sides(orientation) else stored
    try:
        drawn = pair.label.draw(plan.ids, rest=rest, size=upright)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    label, turned = drawn.label, False
    if label.shape != upright and label.shape == stored:
        label, turned = turn_upright(label, orientation), True
    if label.shape != upright:
        raise UserError(f"{where}: {misfit(upright, label.shape)}")
    label = table[label]
    target = folder / str(pair.split)
    (target / "images" / f"{name}{suffix}").write_bytes(data)
    Image.fromarray(label).save(target / "labels" / f"{name}.png")
    counts = np.bincount(label.ravel(), minlength=256)
    return _Written(counts, drawn.unknown, drawn.outside, turned)


def _image(image: Path | bytes, where: Path) -> tuple[bytes, str, tuple[int, int], int]:
    """The file to write with its suffix, (height, width) as it is stored, EXIF orientation.

    PNG and JPEG stay as they are; what training does not read becomes PNG, upright.
    """
    with os_errors(where, "cannot be read"):
        data = image if isinstance(image, bytes) else image.read_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as file:
                file.load()
                suffix = _COPIED.get(str(file.format))
                plain = file.mode in ("1", "L", "LA", "P", "RGB", "RGBA")
                size, orientation = (file.height, file.width), orientation_of(file)
    except Exception as error:  # Pillow's plugins raise half a dozen types for damaged files
        raise UserError(
            f"{where}: cannot be read as an image ({error})".replace("\n", " ")
        ) from None
    png = read_png_header(io.BytesIO(data))  # Pillow has no mode for 16 bits of RGB
    if suffix and plain and not (png and png.bits > 8):
        return data, suffix, size, orientation
    pixels, orientation = read_photo(where) if isinstance(image, Path) else (None, UPRIGHT)
    if pixels is None:
        raise UserError(f"{where}: the image inside is {suffix or 'neither PNG nor JPEG'}")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue(), ".png", pixels.shape[:2], UPRIGHT


def _write_classes(path: Path, plan: ClassPlan, pixels: np.ndarray) -> dict[str, int]:
    """Writes the file of classes and returns their ids by name.

    A background that never occurs is left out: shapes cover every pixel. Raises UserError if the
    file would be refused when it is read.
    """
    written = [
        (label_id, name, color)
        for label_id, (name, color) in enumerate(zip(plan.names, plan.colors, strict=True))
        if name != BACKGROUND or pixels[label_id]
    ]
    lines = [
        yaml_line({"name": name, "id": label_id, "color": tuple(color)})
        for label_id, name, color in written
    ]
    text = "".join(f"  - {line}\n" for line in lines)
    free = next(color for color in _VOID_COLORS if color not in {c for _, _, c in written})
    void = yaml_line({"id": VOID, "color": free})
    path.write_text(f"classes:\n{text}void: {void}\n", encoding="utf-8")
    try:
        read_label_file(path, void="background")
    except UserError as error:
        raise UserError(str(error).removeprefix(f"{path}: ")) from None
    return {name: label_id for label_id, name, _ in written}


def yaml_line(entry: object) -> str:
    return yaml.dump(
        entry,
        Dumper=SettingsDumper,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=10**6,
    ).strip()
