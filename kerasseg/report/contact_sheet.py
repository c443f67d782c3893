"""One picture that shows whether labels and images belong together.

Pillow's own font has no sign outside Latin-1, and not all of those: "x" and "..." on purpose.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from kerasseg.backend import is_installed, load_tensorflow
from kerasseg.config import Config
from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import image_of, label_of
from kerasseg.data.samples import Sample, take_evenly
from kerasseg.drawing.overlay import FAINT, INK, PAPER, draw_legend, overlay
from kerasseg.files import writing

COLUMNS, CELL_WIDTH, GAP, MARGIN = 3, 420, 14, 28  # pixels
_ALPHA = 0.5


def draw_contact_sheet(
    catalog: Catalog,
    *,
    count: int = 12,
    more: Sequence[tuple[str, np.ndarray, np.ndarray]] = (),
) -> Image.Image:
    """RGB picture of up to `count` samples, spread over the splits, under their label colours.

    Each split gets its part in the order of the catalog, the later ones at least a third. more:
    (caption, image uint8 (H, W, 3), label uint8 (H, W) trainIds) of pictures that come last.
    """
    chosen = _choose(catalog, count)
    cells = [(f"{split} · {s.name}", image_of(s), label_of(s, catalog)) for split, s in chosen]
    cells += more
    height, width = catalog.native_size
    cell_height = max(8, min(CELL_WIDTH * 2, round(CELL_WIDTH * height / width)))
    columns = min(COLUMNS, len(cells))
    inner = COLUMNS * CELL_WIDTH + (COLUMNS - 1) * GAP
    rows = -(-len(cells) // columns)
    legend = draw_legend(catalog.label_set, inner, font_size=17)
    head, caption = 62, 24
    total = MARGIN + head + rows * (cell_height + caption + GAP) + GAP + legend.height + MARGIN
    sheet = Image.new("RGB", (inner + 2 * MARGIN, total), PAPER)
    draw = ImageDraw.Draw(sheet)

    large, small = ImageFont.load_default(size=28), ImageFont.load_default(size=15)
    draw.text((MARGIN, MARGIN), catalog.label_set.dataset, INK, large)
    title_end = MARGIN + large.getlength(catalog.label_set.dataset) + 18
    draw.text((title_end, MARGIN + 27), describe(catalog), FAINT, small, anchor="ls")
    for index, (caption_text, image, label) in enumerate(cells):
        x = MARGIN + index % columns * (CELL_WIDTH + GAP)
        y = MARGIN + head + index // columns * (cell_height + caption + GAP)
        sheet.paste(_cell(catalog, image, label, (CELL_WIDTH, cell_height)), (x, y))
        text = _fitting(caption_text, small, CELL_WIDTH)
        draw.text((x, y + cell_height + caption // 2 + 1), text, FAINT, small, anchor="lm")
    sheet.paste(legend, (MARGIN, total - MARGIN - legend.height))
    return sheet


def write_contact_sheet(catalog: Catalog, path: Path, *, config: Config) -> None:
    """Writes `draw_contact_sheet` as a PNG, whole or not at all; makes the folder if need be.

    With `augment.unknown` a row of training images comes last, with what is pasted into them.
    Raises UserError if it cannot be written.
    """
    sheet = draw_contact_sheet(catalog, more=_pasted(config, catalog))
    with writing(path, make_folder=True) as temporary:
        sheet.save(temporary, format="PNG")


def labelled_images(catalog: Catalog, *, count: int) -> list[tuple[str, Image.Image]]:
    """(split and name, RGB picture at full size) of samples as `draw_contact_sheet` chooses them,
    under their label colours."""
    return [
        (f"{split} · {s.name}", _mixed(catalog, image_of(s), label_of(s, catalog)))
        for split, s in _choose(catalog, count)
    ]


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


def _pasted(config: Config, catalog: Catalog) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Three training images as the pipeline gives them; none without `augment.unknown`, and none
    without TensorFlow, which `check` needs for nothing else."""
    if not config.augment.unknown or not is_installed("tensorflow"):
        return []
    load_tensorflow(gpus=False)
    from kerasseg.data.curriculum import Epoch, Plan
    from kerasseg.data.facts import cache_folder
    from kerasseg.data.pipeline import TrainingInput
    from kerasseg.data.pixels import Decoder
    from kerasseg.training.session import working_scale

    source = TrainingInput(
        decoder=Decoder(
            catalog, "train", cache="none", cache_dir=cache_folder(config.data.cache_dir)
        ),
        samples=len(catalog.splits["train"]),
        plan=Plan((Epoch(stage=0, crop_scale=1.0, first_step=0, steps=1),)),
        scale=working_scale(config, catalog),
        batch_size=COLUMNS,
        seed=config.seed,
        workers=1,
        unknown=config.augment.unknown,
        leaves_void_out=catalog.label_set.background_apart,
    )
    (batch,) = source.from_step(0)
    pairs = zip(batch["image"].numpy(), batch["label"].numpy(), strict=True)
    return [("train, with unknown pieces pasted", image, label) for image, label in pairs]


def _cell(
    catalog: Catalog, image: np.ndarray, label: np.ndarray, size: tuple[int, int]
) -> Image.Image:
    """The image under its colours, mixed at full size and then made to fit `size`."""
    mixed = _mixed(catalog, image, label)
    return ImageOps.pad(mixed, size, Image.Resampling.LANCZOS, color=PAPER)


def _mixed(catalog: Catalog, image: np.ndarray, label: np.ndarray) -> Image.Image:
    return Image.fromarray(overlay(image, catalog.label_set.colorize(label), alpha=_ALPHA))


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """`text`, or its beginning and "...", so that it is at most `width` pixels long."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
