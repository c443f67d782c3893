"""The format `web`: a folder with a page that runs the net in the browser."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.errors import UserError
from kerasseg.export.formats.artefact import Artefact, Format

if TYPE_CHECKING:
    from kerasseg.export.job import ExportJob

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
VARIABLE = "KERASSEG_ONNXRUNTIME_WEB"  # the folder of the package, if it is not in node_modules/
FOLDER, MODEL = "web", "model.onnx"
PAGE = Path(__file__).parents[1] / "web_page"
# File of the package -> its name beside the page: ".mjs" is a type that not every server knows.
_RUNTIME = {
    "ort.wasm.bundle.min.mjs": "onnxruntime-web.js",
    "ort-wasm-simd-threaded.wasm": "onnxruntime-web.wasm",
}
_CALLS = """A page that runs the model in the browser, on pictures, videos and the camera, and sends
nothing anywhere. Any server of static files will do; browsers give the camera to https and
localhost only:

```sh
python -m http.server 8000 --bind 127.0.0.1 --directory web
```

and open http://localhost:8000.
"""


def find_runtime() -> dict[str, Path]:
    """Name beside the page -> file of the npm package.

    Raises UserError, naming the command that brings it, if it is missing or of another version.
    """
    folder = Path(os.environ.get(VARIABLE) or Path("node_modules", PACKAGE))
    files = {name: folder / "dist" / file for file, name in _RUNTIME.items()}
    brings = f"`npm install {PACKAGE}@{VERSION}` in the current folder brings it"
    try:
        found = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{folder}: no such package, and needed for the format {FOLDER}; {brings}, or "
            f"{VARIABLE} names its folder"
        ) from None
    if found != VERSION:
        raise UserError(f"{folder}: found version {found}, allowed: {VERSION}; {brings}")
    for file in files.values():
        if not file.is_file():
            raise UserError(f"{file}: missing; {brings}")
    return files


def _write(job: ExportJob, folder: Path) -> Iterator[Artefact]:
    from kerasseg.export.formats.onnx_plain import PLAIN_FILE, write_plain
    from kerasseg.inference.backends.onnx_runtime import PlainOnnxPredictor

    job.say(f"writing {FOLDER}")
    page = folder / FOLDER
    page.mkdir()
    for file in PAGE.iterdir():
        shutil.copyfile(file, page / file.name)
    for name, file in find_runtime().items():
        shutil.copyfile(file, page / name)
    shutil.copyfile(folder / "labels.json", page / "labels.json")
    if "onnx_plain" in job.options.formats:  # which was written before
        shutil.copyfile(folder / PLAIN_FILE, page / MODEL)
    else:
        write_plain(job, page / MODEL)
    yield Artefact(
        FOLDER,
        page,
        open=lambda: nullcontext(PlainOnnxPredictor(page / MODEL).compute),
        fixed_size=job.fixed_size,
    )


WEB = Format(
    files=(FOLDER,),
    write=_write,
    calls=_CALLS,
    packages=("onnx", "tf2onnx"),
    prepare=find_runtime,
    one_size=True,
    plain=True,
)
