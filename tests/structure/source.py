"""The source files of the project and what they import, read without running them."""

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "kerasseg"


def files(*folders: str) -> list[Path]:
    """All Python files below these folders of the project, sorted."""
    return sorted(path for folder in folders for path in (PROJECT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """kerasseg/data/readers/__init__.py -> kerasseg.data.readers"""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, ast.Module]:
    """Name and syntax tree of every module of kerasseg."""
    return {module_name(path): ast.parse(path.read_bytes()) for path in files("kerasseg")}


def imports(tree: ast.Module) -> Iterator[str]:
    """Full names of what a module imports anywhere, inside functions and for annotations as well.

    `from a.b import c` is a.b.c, whether c is a module or a name in one.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
