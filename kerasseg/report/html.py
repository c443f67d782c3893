"""Pieces of a page: every text is escaped here, every picture is part of the page."""

import base64
import io
from collections.abc import Sequence
from html import escape

from matplotlib.figure import Figure
from PIL import Image

from kerasseg.drawing.charts import data_uri

_STYLE = """
:root { color-scheme: light; --ink: #22262b; --faint: #6b737c; --line: #dfe3e8; --bar: #9cc3e0; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 28px; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 12px; }
h3 { font-size: 15px; margin: 18px 0 6px; }
p { margin: 0 0 12px; max-width: 72ch; }
.faint, figcaption { color: var(--faint); font-size: 13px; }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin-top: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 12px;
  margin-top: 18px; }
.tile { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; }
.tile b { display: block; white-space: nowrap; font-size: 20px; font-weight: 650;
  line-height: 1.25; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr));
  gap: 16px; align-items: start; }
figure { margin: 0; }
img { max-width: 100%; height: auto; display: block; border-radius: 4px; }
.shots { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 8px;
  margin-bottom: 18px; }
.scroll { overflow-x: auto; }
.row + .scroll, .scroll + p { margin-top: 14px; }
.scroll img { max-width: none; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
td, th { padding: 3px 14px 3px 0; text-align: right; white-space: nowrap; }
td:first-child, th:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
th { font-weight: 600; border-bottom: 1px solid var(--line); vertical-align: bottom; }
.wide { width: 100%; }
.wide th { white-space: normal; }
.bar { display: block; width: 100%; min-width: 48px; height: 11px;
  background: #eef1f4; border-radius: 3px; vertical-align: middle; }
td:has(.bar) { width: 70%; }
.bar i { display: block; height: 100%; background: var(--bar); border-radius: 3px; }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 8px;
  border: 1px solid rgba(0, 0, 0, .15); vertical-align: -1px; }
.legend > span { display: inline-block; margin: 0 16px 4px 0; font-size: 13px; }
summary { cursor: pointer; font-weight: 600; }
@media (max-width: 600px) {
  main { padding: 20px 10px 40px; }
  section { padding: 14px; }
  td, th { padding-right: 9px; }
  .shots { grid-template-columns: 1fr 1fr; }
  .shots figure:first-child { grid-column: 1 / -1; }
}
pre { margin: 10px 0 0; overflow-x: auto; font-size: 13px; }
"""


def page(title: str, *parts: str) -> str:
    """A whole document. parts: HTML."""
    content = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A box with a heading; nothing at all if it has no content."""
    content = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}\n</section>" if content else ""


def note(text: str) -> str:
    return f'<p class="faint">{escape(text)}</p>'


def tiles(items: Sequence[tuple[str, str]]) -> str:
    """(value, what it is) as boxes side by side."""
    boxes = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span class="faint">{escape(name)}</span></div>'
        for value, name in items
    )
    return f'<div class="tiles">{boxes}</div>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, wide: bool = False) -> str:
    """A table that scrolls in its own box. rows: of HTML, see `text`, `bar` and `swatch`."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    kind = ' class="wide"' if wide else ""
    return scrolled(f"<table{kind}><thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table>")


def text(value: object) -> str:
    return escape(str(value))


def bar(value: float | None) -> str:
    """A bar for a share in 0…1."""
    return f'<span class="bar"><i style="width:{100 * (value or 0):.1f}%"></i></span>'


def swatch(color: Sequence[int]) -> str:
    red, green, blue = (int(channel) for channel in color)
    return f'<span class="swatch" style="background:rgb({red},{green},{blue})"></span>'


def plot(figure: Figure, *, alt: str) -> str:
    return f'<figure><img src="{data_uri(figure)}" alt="{escape(alt, quote=True)}"></figure>'


def scrolled(content: str) -> str:
    """A box in which pictures keep their size and what is too wide is moved, not the page."""
    return f'<div class="scroll">{content}</div>'


def picture(image: Image.Image, caption: str, *, photo: bool) -> str:
    """An image inside the page. photo: as JPEG; else as PNG, which keeps flat colours."""
    data = io.BytesIO()
    if photo:
        image.convert("RGB").save(data, format="JPEG", quality=82)
    else:
        image.convert("RGB").quantize(64).save(data, format="PNG", optimize=True)
    kind = "jpeg" if photo else "png"
    address = f"data:image/{kind};base64,{base64.b64encode(data.getvalue()).decode()}"
    label = escape(caption, quote=True)
    return f'<figure><img src="{address}" alt="{label}"><figcaption>{label}</figcaption></figure>'


def shots(pictures: str) -> str:
    """Pictures beside one another, as many as fit."""
    return f'<div class="shots">{pictures}</div>' if pictures else ""


def legend(names: Sequence[str], colors: Sequence[Sequence[int]]) -> str:
    entries = "".join(
        f"<span>{swatch(color)}{escape(name)}</span>"
        for name, color in zip(names, colors, strict=True)
    )
    return f'<div class="legend">{entries}</div>'


def folded(title: str, content: str) -> str:
    """Preformatted text behind a line to click on."""
    return f"<details><summary>{escape(title)}</summary><pre>{escape(content)}</pre></details>"
