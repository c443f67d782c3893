"""The format `onnx`: `model.onnx`, Triton's `config.pbtxt` and, if asked for, `model.int8.onnx`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.export.formats.artefact import Artefact, Format

if TYPE_CHECKING:
    from kerasseg.export.job import ExportJob

_FILE, _INT8_FILE = "model.onnx", "model.int8.onnx"
_CALLS = """ONNX Runtime, without TensorFlow:

```python
import kerasseg, numpy as np
from PIL import Image
image = np.asarray(Image.open("street.png").convert("RGB"))
answer = kerasseg.load("model.onnx").predict(image)
print(answer.labels.shape, answer.confidence.mean(), answer.uncertainty.max())
```

ONNX Runtime alone:

```python
import numpy as np, onnxruntime
from PIL import Image
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
image = np.asarray(Image.open("street.png").convert("RGB"))[None]
labels, uncertainty = session.run(["labels", "uncertainty"], {"image": image})
```
"""


def _write(job: ExportJob, folder: Path) -> Iterator[Artefact]:
    from kerasseg.export.formats.onnx_answers import OnnxAnswers
    from kerasseg.export.formats.onnx_graph import convert, metadata, write
    from kerasseg.export.formats.triton import FILE, triton_config

    job.say(f"writing {_FILE}")
    file = folder / _FILE
    model = convert(job.folded_graph(copies=False), probabilities=job.options.probabilities)
    write(model, file, metadata=metadata(job.description))
    (folder / FILE).write_text(triton_config(model), encoding="utf-8")
    yield Artefact("onnx", file, open=lambda: nullcontext(OnnxAnswers(file)))
    if job.options.int8:
        from kerasseg.export.int8 import calibration_images, quantize

        job.say(f"writing {_INT8_FILE}")
        small = folder / _INT8_FILE
        scale = job.description.working_scale
        images = calibration_images(job.options.int8, scale=scale)
        quantize(file, small, images=images, scale=scale)
        # It is meant to differ: how much is only reported.
        yield Artefact("int8", small, open=lambda: nullcontext(OnnxAnswers(small)), exact=False)


ONNX = Format(
    files=(_FILE, _INT8_FILE, "config.pbtxt"),
    write=_write,
    calls=_CALLS,
    packages=("onnx", "tf2onnx"),
    by_default=True,
    smaller=("int8",),
)
