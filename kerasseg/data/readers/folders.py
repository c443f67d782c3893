"""Reader of plain folders, one for each split, or one for all with a list of names for each.

    {split}/images/{name}.png|jpg|jpeg    {split}/labels/{name}.png
    images/{name}.png|jpg|jpeg            labels/{name}.png            {split}.txt

Image and label may lie in subfolders of the same name. A label may end in one of `LABEL_ENDS`; then
it may lie beside its image, too.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kerasseg.config.data_settings import DataConfig
from kerasseg.data.label_values import described_labels
from kerasseg.data.left_out import files_left_out, refuse_orphans, visible_below
from kerasseg.data.readers.reader import Reader
from kerasseg.data.samples import Sample, checked_samples, folder_or_error
from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.labels import LabelSet, Void
from kerasseg.labels.label_file import read_label_file

LABEL_FILE = "labels.yaml"
LABEL_ENDS = ("_mask", "_L", "_labelIds")  # in any case
_OTHER_NAMES = ("labels.yml", "Labels.yaml", "label.yaml", "classes.yaml", "classes.yml")
LIST_SPLITS = ("train", "val", "test")  # whose lists are looked at for images in none of them
_SUFFIXES = (".png", ".jpg", ".jpeg")
_ALLOWED = ".png, .jpg or .jpeg"


def read_folders(root: Path, split: str) -> tuple[Sample, ...]:
    """The samples of `split`, sorted by name; no image is opened. Suffixes may be upper case.

    A sample is called as its file, with its folders where two files are called alike. Raises
    UserError for a missing folder, an empty split, an image without label or the reverse, two
    images or labels of one name, a list that names what is not there.
    """
    folder_or_error(root, f"data.root, the folder that holds {split}/images/ and {split}/labels/")
    names = _list_of(root, split)
    if names is None and not (root / split).is_dir():
        raise UserError(
            f"{root / split / 'images'}: not found; expected the {split} images{_others(root)}"
        )
    images, labels = _places(root if names else root / split, split)
    pairs, orphans = _pairs(images, labels)
    wanted = _listed(names, pairs, images) if names else list(pairs.values())
    stems = Counter(sample.image.stem for sample in wanted)
    called = [
        sample if stems[sample.image.stem] > 1 else replace(sample, name=sample.image.stem)
        for sample in wanted
    ]
    samples = checked_samples(called, where=images, pattern=f"{{name}}{_ALLOWED}")
    if orphans:
        end = _end_of(orphans[0])
        beside = images / orphans[0].relative_to(labels).parent
        refuse_orphans(orphans, samples, images=beside, end=end, allowed=_ALLOWED)
    return samples


def _list_of(root: Path, split: str) -> Path | None:
    """The list of names of a split. Raises UserError if it has a folder, too."""
    names = root / f"{split}.txt"
    if not names.is_file():
        return None
    if (root / split).is_dir():
        raise UserError(f"{names}: the folder {root / split} is there, too; remove one of them")
    return names


def _others(root: Path) -> str:
    """What is there instead of a split that is not: others, or images without splits."""
    found = {
        name for name in LIST_SPLITS if (root / name).is_dir() or (root / f"{name}.txt").is_file()
    }
    found |= {path.parent.name for path in root.glob("*/images") if path.is_dir()}
    if not found and (root / "images").is_dir():
        return f"; found {root / 'images'}: list its images in train.txt and val.txt, a name a line"
    return f"; found: {', '.join(sorted(found))}" if found else ""


def _places(base: Path, split: str) -> tuple[Path, Path]:
    """The folders of images and of labels below `base`: one and the same if labels lie beside."""
    images, labels = base / "images", base / "labels"
    if not images.is_dir() and not labels.is_dir() and _holds_labels(base):
        return base, base
    folder_or_error(images, f"the {split} images")
    if not labels.is_dir() and _holds_labels(images):
        return images, images
    beside = sorted(p.name for p in base.iterdir() if p.is_dir() and p != images)
    seen = [name for name in beside if not name.startswith(".")]
    found = f"; found {seen[0]}, rename it" if len(seen) == 1 and not labels.exists() else ""
    return images, folder_or_error(labels, f"the labels of {images}", hint=found)


def _holds_labels(folder: Path) -> bool:
    return any(_end_of(path) for path in visible_below(folder) if path.suffix.lower() == ".png")


def _end_of(label: Path) -> str:
    """What of the name of a label, without suffix, its image does not have."""
    stem = label.stem.casefold()
    end = next((end for end in LABEL_ENDS if stem.endswith(end.casefold())), "")
    return label.stem[len(label.stem) - len(end) :] if end else ""


def _pairs(images: Path, labels: Path) -> tuple[dict[Path, Sample], list[Path]]:
    """Each image, by its path, as a sample that is called by its path; labels without image."""
    found = [path for path in visible_below(images) if path.name.lower().endswith(_SUFFIXES)]
    if images == labels:
        exact: dict[Path, Path] = {}
        ending = [path for path in found if path.suffix.lower() == ".png" and _end_of(path)]
        found = sorted(set(found) - set(ending))
        usual = f"{LABEL_ENDS[0]}.png"
    else:
        pngs = [path for path in visible_below(labels) if path.name.lower().endswith(".png")]
        keys = {path.relative_to(images).with_suffix("") for path in found}
        exact = {path.relative_to(labels).with_suffix(""): path for path in pngs}
        ending = [path for key, path in exact.items() if key not in keys]
        exact = {key: path for key, path in exact.items() if key in keys}
        usual = ".png"
    by_image: dict[Path, list[Path]] = {}
    for path in sorted(ending):
        end = _end_of(path)
        stem = path.stem[: len(path.stem) - len(end)]
        by_image.setdefault(path.relative_to(labels).with_name(stem), []).append(path)
    samples = {}
    for image in sorted(found):
        key = image.relative_to(images).with_suffix("")
        own = ([exact[key]] if key in exact else []) + by_image.pop(key, [])
        if len(own) > 1 and key not in samples:
            raise UserError(f"{own[1]}: {own[0].name} is a label of {image}, too; remove one")
        label = own[0] if own else exact.get(key, labels / key.with_name(key.name + usual))
        samples[image] = Sample("_".join(key.parts), image, label)
    return samples, sorted(path for paths in by_image.values() for path in paths)


def _listed(names: Path, pairs: dict[Path, Sample], images: Path) -> list[Sample]:
    """The samples that the lines of a file name: paths below `images`, the suffix may be missing.

    Raises UserError for a line that names no image, or names one again.
    """
    known: dict[str, Sample] = {}
    for image, sample in pairs.items():
        path = image.relative_to(images)
        known[path.with_suffix("").as_posix()] = known[path.as_posix()] = sample
    wanted: dict[Path, Sample] = {}
    for number, name in _lines(names):
        short = name.removeprefix("./").removeprefix(f"{images.name}/")
        found = known.get(name, known.get(short))
        if found is None:
            raise UserError(f"{names}:{number}: found {name}, no image of that name in {images}")
        if found.image in wanted:
            raise UserError(f"{names}:{number}: {name} is listed twice")
        wanted[found.image] = found
    if not wanted:
        raise UserError(f"{names}: no name found; expected one image of {images} a line")
    return list(wanted.values())


def _lines(names: Path) -> list[tuple[int, str]]:
    """Numbered lines without those that are empty or begin with #."""
    try:
        with os_errors(names, "cannot be read"):
            text = names.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{names}: not UTF-8 text (byte {error.start})") from None
    lines = [(i, line.strip()) for i, line in enumerate(text.split("\n"), start=1)]
    return [(i, line.replace("\\", "/")) for i, line in lines if line and line[0] != "#"]


def _left_out(root: Path, split: str, samples: Sequence[Sample]) -> list[Path]:
    """Of lists: what is in none of them, told with the first."""
    names = _list_of(root, split)
    images, labels = _places(root if names else root / split, split)
    folders = [images] if images == labels else [images, labels]
    if names is None:
        return files_left_out(samples, folders)
    lists = [name for name in LIST_SPLITS if (root / f"{name}.txt").is_file()]
    if lists[:1] != [split]:
        return []
    used = [sample for name in lists for sample in read_folders(root, name)]
    outside = {root / f"{name}.txt" for name in lists} | {root / LABEL_FILE}
    return [path for path in files_left_out(used, folders) if path not in outside]


def _labels(data: DataConfig, *, void: Void) -> LabelSet:
    if data.labels_file is not None:
        return read_label_file(Path(data.labels_file), void=void)
    root = folder_or_error(Path(data.root), f"data.root, the folder that holds {LABEL_FILE}")
    if not (root / LABEL_FILE).exists():
        other = next((name for name in _OTHER_NAMES if (root / name).is_file()), None)
        if other is not None:
            raise UserError(f"{root / LABEL_FILE}: not found; rename {other}, which lies there")
        try:
            described = described_labels(read_folders(root, "train"))
        except UserError:  # what else is wrong is said once there are classes
            described = ""
        if described:
            raise UserError(f"{root / LABEL_FILE}: not found; {described}")
    return read_label_file(root / LABEL_FILE, void=void)


FOLDERS = Reader(
    title="plain folders",
    read_samples=read_folders,
    read_labels=_labels,
    find_left_out=_left_out,
    mark=LABEL_FILE,
    labels_in_root=lambda data: data.labels_file is None,
)
