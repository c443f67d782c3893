"""The format `litert`: `model.tflite` for phones and boards, in float16 and integers if asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.export.formats.artefact import Artefact, Format

if TYPE_CHECKING:
    from kerasseg.export.job import ExportJob

_FILE, _FLOAT16_FILE, _INT8_FILE = "model.tflite", "model.float16.tflite", "model.int8.tflite"
_CALLS = """LiteRT, with NumPy and Pillow:

```python
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
runner = Interpreter("model.tflite").get_signature_runner("serving_default")
_, height, width, _ = runner.get_input_details()["image"]["shape"]
picture = Image.open("street.png").convert("RGB")
pixels = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
answer = runner(image=pixels[None])
small = Image.fromarray(answer["labels"][0])
labels = np.asarray(small.resize(picture.size, Image.Resampling.NEAREST))
print(labels.shape)
```
"""


def _write(job: ExportJob, folder: Path) -> Iterator[Artefact]:
    from kerasseg.export.formats.litert_file import convert_litert, with_metadata
    from kerasseg.inference.backends.litert_runtime import LiteRTPredictor

    size, text = job.fixed_size, job.description.to_text()
    # Mirrored edges by copies: XNNPACK has no MIRROR_PAD, each of which would end its part.
    graph = job.folded_graph(copies=True)

    def written(name: str, file: str, *, exact: bool, **options) -> Artefact:  # type: ignore[no-untyped-def]
        job.say(f"writing {file}")
        path = folder / file
        path.write_bytes(with_metadata(convert_litert(graph, size=size, **options), text))
        return Artefact(
            name,
            path,
            open=lambda: nullcontext(LiteRTPredictor(path).compute),
            exact=exact,
            fixed_size=size,
        )

    yield written("litert", _FILE, exact=True)
    if job.options.float16:
        yield written("litert_float16", _FLOAT16_FILE, exact=False, float16=True)
    if job.options.int8:
        yield written("litert_int8", _INT8_FILE, exact=False, images=job.fixed_size_images())


LITERT = Format(
    files=(_FILE, _FLOAT16_FILE, _INT8_FILE),
    write=_write,
    calls=_CALLS,
    packages=("ai_edge_litert",),
    smaller=("int8", "float16"),
    one_size=True,
)
