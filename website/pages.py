"""The pages that are written from the code."""

import ast
from pathlib import Path

from kerasseg.config.schema import Config
from kerasseg.config.words import SETTINGS, allowed_text, inline, section_of, setting_values

_DEMO = "demo/index.html"
_NO_DEMO = """!!! note

    This copy of the site was built without it: `make web`, then `make docs`."""
PACKAGE = Path(__file__).resolve().parents[1] / "kerasseg"


def settings_page() -> str:
    """Markdown: every setting with its default, what it takes and what it means."""
    lines = [
        "# Settings",
        "",
        "All settings, as `python train.py --help` prints them. `train.batch_size=4` on the "
        "command line is `batch_size: 4` below `train:` in the file; the command line overrides "
        "the file, and the file the defaults. [Recipes](recipes.md) says which to begin with.",
    ]
    defaults, headed = setting_values(Config()), None
    for name, field in SETTINGS.items():
        section = name.rpartition(".")[0]
        if section != headed:
            headed = section
            lines += ["", f"## {_heading(section)}"]
        default = defaults[name]
        shown = default if isinstance(default, str) else inline(default)
        meaning = (field.description or "").replace("<", "&lt;")
        lines += [
            "",
            f"### `{name}`",
            "",
            f"{allowed_text(field).replace('|', 'or')}; default `{shown}`",
            "",
            f"{meaning[:1].upper()}{meaning[1:]}.",
        ]
    return "\n".join(lines) + "\n"


def _heading(section: str) -> str:
    model = section_of(Config.model_fields[section]) if section else Config
    meaning = str(model.__doc__).splitlines()[0].rstrip(".")
    return f"{section}: {meaning[0].lower()}{meaning[1:]}" if section else meaning


def try_page(*, complete: bool) -> str:
    """Markdown: the page with a model. complete: it is part of this site."""
    page = (PACKAGE.parent / "website" / "try.md").read_text(encoding="utf-8")
    frame = (
        f'<iframe src="{_DEMO}" title="The model in this page" allow="camera" '
        'style="width: 100%; height: max(900px, 1750px - 65vw); border: 0; border-radius: 12px">'
        "</iframe>"
    )
    here = f"{frame}\n\n[Open it by itself]({_DEMO})"
    return page.replace("PAGE", here if complete else _NO_DEMO)


def reference_page() -> str:
    """Markdown for mkdocstrings: every public class and function."""
    lines = [
        "# Reference",
        "",
        "The public Python API. [In your own code](python.md) shows it in use.",
    ]
    for name in public_names():
        lines += ["", f"::: {name}"]
    return "\n".join(lines) + "\n"


def public_names() -> list[str]:
    """Dotted names of the classes and functions that the package and its public modules list in
    `__all__`.

    Read, not imported: that would load TensorFlow.
    """
    names = []
    for module in ("", "models", "losses", "metrics"):
        tree = ast.parse((PACKAGE / module / "__init__.py").read_text(encoding="utf-8"))
        for name in _exported(tree):
            is_module = (PACKAGE / name).is_dir()
            if not (is_module or name.isupper() or name.startswith("_")):
                names.append(".".join(filter(None, ("kerasseg", module, name))))
    return names


def _exported(tree: ast.Module) -> list[str]:
    """`__all__` of a module."""
    return next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    )
