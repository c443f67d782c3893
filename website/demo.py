"""The page of `export --formats web` with the model in demo/, as files of the site."""

import sys
from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.export.formats.web import PAGE, find_runtime

DEMO = Path(__file__).parent / "demo"


def demo_files() -> dict[str, Path]:
    """Name -> file; empty, with a line on standard error, where onnxruntime-web is missing."""
    try:
        runtime = find_runtime()
    except UserError as error:
        print(f"the site has no page to try: {error}", file=sys.stderr)
        return {}
    beside = {path.name: path for folder in (PAGE, DEMO) for path in folder.iterdir()}
    return {**beside, **runtime}
