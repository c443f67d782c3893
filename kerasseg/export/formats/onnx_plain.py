"""The format `onnx_plain`: `model.plain.onnx`, for runtimes that choke on `model.onnx`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.export.formats.artefact import Artefact, Format

if TYPE_CHECKING:
    import onnx

    from kerasseg.export.job import ExportJob
    from kerasseg.export.parity import ModelFunction

PLAIN_FILE = "model.plain.onnx"
_FLOAT16_FILE, _INT8_FILE = "model.plain.float16.onnx", "model.plain.int8.onnx"
_CALLS = """`model.plain.onnx`, with NumPy, Pillow and any runtime, here ONNX Runtime. The image is
resized to one size, its values are pixel / 255, its axes (1, channel, row, column); `plain_input`
of `labels.json` says so, too:

```python
import json, numpy as np, onnxruntime
from PIL import Image
wanted = json.load(open("labels.json"))["plain_input"]
height, width = wanted["size"]
picture = Image.open("street.png").convert("RGB")
pixels = picture.resize((width, height), Image.Resampling.BILINEAR)
batch = np.float32(pixels).transpose(2, 0, 1)[None] / np.float32(wanted["divide_by"])
session = onnxruntime.InferenceSession("model.plain.onnx", providers=["CPUExecutionProvider"])
(logits,) = session.run(["logits"], {"image": batch})
small = Image.fromarray(logits[0].argmax(axis=0).astype(np.uint8))
labels = np.asarray(small.resize(picture.size, Image.Resampling.NEAREST))
print(labels.shape)
```

OpenCV:

```
net = cv2.dnn.readNetFromONNX("model.plain.onnx")
net.setInput(cv2.dnn.blobFromImage(cv2.imread("street.png"), 1 / 255, (width, height), swapRB=True))
logits = net.forward("logits")
```
"""


def write_plain(job: ExportJob, file: Path) -> onnx.ModelProto:
    """Writes the float32 file and returns what is in it."""
    from kerasseg.export.formats.onnx_graph import metadata, write
    from kerasseg.export.formats.plain_graph import convert_plain

    model = convert_plain(job.folded_graph(copies=False), size=job.fixed_size)
    write(model, file, metadata=metadata(job.description))
    return model


def _write(job: ExportJob, folder: Path) -> Iterator[Artefact]:
    from kerasseg.export.formats.onnx_graph import metadata, write
    from kerasseg.export.formats.plain_graph import to_float16
    from kerasseg.export.int8 import quantize_plain
    from kerasseg.inference.backends.onnx_runtime import PlainOnnxPredictor

    size = job.fixed_size

    def artefact(name: str, file: Path, *, exact: bool) -> Artefact:
        def answers() -> AbstractContextManager[ModelFunction]:
            return nullcontext(PlainOnnxPredictor(file).compute)

        return Artefact(name, file, open=answers, exact=exact, fixed_size=size)

    job.say(f"writing {PLAIN_FILE}")
    file = folder / PLAIN_FILE
    model = write_plain(job, file)
    yield artefact("onnx_plain", file, exact=True)
    if job.options.int8:
        job.say(f"writing {_INT8_FILE}")
        quantize_plain(file, folder / _INT8_FILE, images=job.fixed_size_images())
        yield artefact("onnx_plain_int8", folder / _INT8_FILE, exact=False)
    if job.options.float16:
        job.say(f"writing {_FLOAT16_FILE}")
        write(to_float16(model), folder / _FLOAT16_FILE, metadata=metadata(job.description))
        yield artefact("onnx_plain_float16", folder / _FLOAT16_FILE, exact=False)


ONNX_PLAIN = Format(
    files=(PLAIN_FILE, _FLOAT16_FILE, _INT8_FILE),
    write=_write,
    calls=_CALLS,
    packages=("onnx", "tf2onnx"),
    smaller=("int8", "float16"),
    one_size=True,
    plain=True,
)
