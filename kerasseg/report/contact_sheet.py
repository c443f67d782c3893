"""One picture that shows whether labels and images belong together.

Pillow's own font has no sign outside Latin-1, and not all of those: "x" and "..." on purpose.
"""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import image_of, label_of
from kerasseg.data.samples import Sample, take_evenly
from kerasseg.drawing.overlay import FAINT, INK, PAPER, draw_legend, overlay
from kerasseg.files import writing

COLUMNS, CELL_WIDTH, GAP, MARGIN = 3, 420, 14, 28  # pixels
_ALPHA = 0.5


def draw_contact_sheet(catalog: Catalog, *, count: int = 12) -> Image.Image:
    """RGB picture of up to `count` samples, spread over the splits, under their label colours.

    Each split gets its part in the order of the catalog, the later ones at least a third.
    """
    chosen = _choose(catalog, count)
    height, width = catalog.native_size
    cell_height = max(8, min(CELL_WIDTH * 2, round(CELL_WIDTH * height / width)))
    columns = min(COLUMNS, len(chosen))
    inner = COLUMNS * CELL_WIDTH + (COLUMNS - 1) * GAP
    rows = -(-len(chosen) // columns)
    legend = draw_legend(catalog.label_set, inner, font_size=17)
    head, caption = 62, 24
    total = MARGIN + head + rows * (cell_height + caption + GAP) + GAP + legend.height + MARGIN
    sheet = Image.new("RGB", (inner + 2 * MARGIN, total), PAPER)
    draw = ImageDraw.Draw(sheet)

    large, small = ImageFont.load_default(size=28), ImageFont.load_default(size=15)
    draw.text((MARGIN, MARGIN), catalog.label_set.dataset, INK, large)
    title_end = MARGIN + large.getlength(catalog.label_set.dataset) + 18
    draw.text((title_end, MARGIN + 27), describe(catalog), FAINT, small, anchor="ls")
    for index, (split, sample) in enumerate(chosen):
        x = MARGIN + index % columns * (CELL_WIDTH + GAP)
        y = MARGIN + head + index // columns * (cell_height + caption + GAP)
        sheet.paste(_cell(catalog, sample, (CELL_WIDTH, cell_height)), (x, y))
        text = _fitting(f"{split} · {sample.name}", small, CELL_WIDTH)
        draw.text((x, y + cell_height + caption // 2 + 1), text, FAINT, small, anchor="lm")
    sheet.paste(legend, (MARGIN, total - MARGIN - legend.height))
    return sheet


def write_contact_sheet(catalog: Catalog, path: Path) -> None:
    """Writes `draw_contact_sheet` as a PNG, whole or not at all; makes the folder if need be.

    Raises UserError if it cannot be written.
    """
    sheet = draw_contact_sheet(catalog)
    with writing(path, make_folder=True) as temporary:
        sheet.save(temporary, format="PNG")


def describe(catalog: Catalog) -> str:
    """One line: images in each split, classes, native size, how labels are encoded."""
    height, width = catalog.native_size
    sizes = f"{width} x {height}"
    if not all(catalog.same_size.values()):
        sizes = f"sizes differ, median {sizes}"
    encoding = {
        "ids": "8-bit ids",
        "indexed": "indexed",
        "colors": "colours",
    }[catalog.label_encoding]
    splits = (f"{split} {len(samples)}" for split, samples in catalog.splits.items())
    return " · ".join(
        [*splits, f"{catalog.label_set.num_classes} classes", sizes, f"labels: {encoding}"]
    )


def _choose(catalog: Catalog, count: int) -> list[tuple[str, Sample]]:
    chosen: list[tuple[str, Sample]] = []
    left = list(catalog.splits)
    for split, samples in catalog.splits.items():
        left.remove(split)
        reserved = sum(min(len(catalog.splits[s]), count // 3) for s in left)
        part: Sequence[Sample] = take_evenly(samples, max(0, count - len(chosen) - reserved))
        chosen += [(split, sample) for sample in part]
    return chosen


def _cell(catalog: Catalog, sample: Sample, size: tuple[int, int]) -> Image.Image:
    """The sample under its colours, mixed at full size and then made to fit `size`."""
    image, label = image_of(sample), label_of(sample, catalog)
    mixed = overlay(image, catalog.label_set.colorize(label), alpha=_ALPHA)
    return ImageOps.pad(Image.fromarray(mixed), size, Image.Resampling.LANCZOS, color=PAPER)


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """`text`, or its beginning and "...", so that it is at most `width` pixels long."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
