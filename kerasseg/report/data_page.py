"""The page of `check`: a data set before, and after, a net was trained on it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from kerasseg.data.catalog import Catalog
from kerasseg.data.class_balance import class_rows
from kerasseg.data.contents import image_of, label_of
from kerasseg.data.leakage import HASH_SIDE, Alike, SharedVideo
from kerasseg.drawing.panels import photo
from kerasseg.evaluation.mislabelled import Doubt
from kerasseg.inference.predictor import Predictor
from kerasseg.report import html
from kerasseg.report.contact_sheet import describe, labelled_images
from kerasseg.report.examples import predicted_pictures

_LISTED = 12  # images, pairs and videos of each kind
_SIZES = 10
_WIDTH = 480  # pixels of a picture
_DARKER = 4  # times


@dataclass(frozen=True)
class Shared:
    """What training and validation have in common."""

    videos: Sequence[SharedVideo]
    alike: Sequence[Alike]


@dataclass(frozen=True)
class Doubted:
    """What a model doubts of the labels, the worst first. called: the model, as it was named."""

    called: str
    predictor: Predictor
    doubts: Sequence[Doubt]


def data_page(catalog: Catalog, *, name: str, shared: Shared, doubted: Doubted | None) -> str:
    """The whole document. doubted: None without a model. Raises UserError for an image that cannot
    be read."""
    return html.page(
        f"{name}: data",
        f"<h1>{html.text(name)}</h1>\n"
        + html.note(f"{catalog.label_set.dataset}: {describe(catalog)}"),
        html.tiles(_summary(catalog)),
        html.section("To be known before a training", *map(html.note, catalog.remarks)),
        *(_classes(catalog, split) for split in catalog.splits),
        _sizes(catalog),
        _images(catalog),
        _shared(catalog, shared),
        _doubts(catalog, doubted),
    )


def _summary(catalog: Catalog) -> list[tuple[str, str]]:
    items = [(f"{len(samples):,}", f"{split} images") for split, samples in catalog.splits.items()]
    items.append((f"{catalog.label_set.num_classes}", "classes"))
    for split, pixels in catalog.class_pixels.items():
        items.append((f"{pixels[-1] / pixels.sum():.1%}", f"of {split} is void"))
    return items


def _classes(catalog: Catalog, split: str) -> str:
    rows = class_rows(catalog, split)
    largest = max(share for _, _, share, _ in rows)
    colors = (*catalog.label_set.palette, catalog.label_set.void_color)
    cells = [
        (
            html.swatch(color) + html.text(name),
            f"{share:.2%}",
            html.bar(share / largest),
            "" if images is None else f"{images:,}",
            f"{pixels:,}",
        )
        for (name, pixels, share, images), color in zip(rows, colors, strict=True)
    ]
    head = "class", "share", "", "images", "pixels"
    return html.section(f"Classes of {split}", html.table(head, cells, wide=True))


def _sizes(catalog: Catalog) -> str:
    counts = {
        split: Counter((fact.width, fact.height) for fact in facts)
        for split, facts in catalog.facts.items()
    }
    total: Counter[tuple[int, int]] = sum(counts.values(), Counter())
    rows = [
        (f"{width} x {height}", *(f"{found[width, height]:,}" for found in counts.values()))
        for (width, height), _ in total.most_common(_SIZES)
    ]
    more = len(total) - len(rows)
    return html.section(
        "Sizes",
        html.table(("width x height", *counts), rows),
        html.note(f"and {more} more sizes") if more > 0 else "",
    )


def _images(catalog: Catalog) -> str:
    pictures = "".join(
        html.picture(_narrow(picture), caption, photo=True)
        for caption, picture in labelled_images(catalog, count=_LISTED)
    )
    label_set = catalog.label_set
    names = [*label_set.names, label_set.void_name]
    colors = [*label_set.palette, label_set.void_color]
    return html.section(
        "Images under their labels", html.shots(pictures), html.legend(names, colors)
    )


def _shared(catalog: Catalog, shared: Shared) -> str:
    if not {"train", "val"} <= catalog.splits.keys():
        return ""
    parts = []
    if shared.videos:
        rows = [
            (html.text(video.name), f"{video.train:,}", f"{video.val:,}", f"{video.apart:,}")
            for video in shared.videos[:_LISTED]
        ]
        parts += [
            html.note(
                "By their names, videos that have frames in both: "
                f"{len(shared.videos)}. Frames that are close are nearly the same image, and "
                "scores on them say little of new ones."
            ),
            html.table(("name begins with", "train", "val", "least apart"), rows),
        ]
    else:
        parts.append(html.note("By their names, no video has frames in both."))
    found = len(shared.alike)
    parts.append(
        html.note(
            f"{found} of {len(catalog.splits['val'])} validation images look like a training image"
            + (f"; the {_LISTED} most alike:" if found > _LISTED else ":" if found else ".")
        )
    )
    for pair in shared.alike[:_LISTED]:
        pictures = "".join(
            html.picture(
                photo(image_of(sample), width=_WIDTH), f"{split} · {sample.name}", photo=True
            )
            for split, sample in (("val", pair.val), ("train", pair.train))
        )
        heading = f"{pair.bits} of {HASH_SIDE**2} bits differ"
        parts.append(f"<h3>{html.text(heading)}</h3>{html.shots(pictures)}")
    return html.section("Shared by training and validation", *parts)


def _doubts(catalog: Catalog, doubted: Doubted | None) -> str:
    title = "Labels that may be wrong"
    if doubted is None:
        return html.section(
            title, html.note("Once a net is trained, check --model RUN shows what it doubts.")
        )
    parts = [
        html.note(
            f"What {doubted.called} finds least likely: for each image the class whose loss is "
            "most above its median over the images of the split. A net that is wrong and a label "
            "that is wrong look the same here: look at them."
        )
    ]
    for doubt in doubted.doubts[:_LISTED]:
        heading = (
            f"{doubt.split} · {doubt.sample.name}: {doubt.name}, {doubt.share:.1%} of the image, "
            f"loss {doubt.loss:.2f} where {doubt.usual:.2f} is usual"
        )
        seen = f", seen as {doubt.seen}" if doubt.seen != doubt.name else ""
        image, *rest = predicted_pictures(
            doubt.sample, predictor=doubted.predictor, catalog=catalog
        )
        where = f"{doubt.name} in the label", _where(doubt, catalog), True
        pictures = "".join(
            html.picture(picture, caption, photo=is_photo)
            for caption, picture, is_photo in (image, where, *rest[:3])
        )
        parts.append(f"<h3>{html.text(heading + seen)}</h3>{html.shots(pictures)}")
    if not doubted.doubts:
        parts.append(html.note("No class of an image is less than half as likely as is usual."))
    return html.section(title, *parts)


def _where(doubt: Doubt, catalog: Catalog) -> Image.Image:
    """The image, dark where the label is not the class in doubt."""
    image, label = image_of(doubt.sample).copy(), label_of(doubt.sample, catalog)
    image[label != catalog.label_set.names.index(doubt.name)] //= _DARKER
    return photo(image, width=_WIDTH)


def _narrow(picture: Image.Image) -> Image.Image:
    picture.thumbnail((_WIDTH, 2 * _WIDTH), Image.Resampling.LANCZOS)
    return picture
