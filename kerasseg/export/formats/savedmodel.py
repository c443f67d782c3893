"""The format `savedmodel`: a version directory that TF Serving takes as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.export.formats.artefact import Artefact, Format

if TYPE_CHECKING:
    from kerasseg.export.job import ExportJob

_CALLS = """TensorFlow, without Keras' code:

```python
import tensorflow as tf
model = tf.saved_model.load("latest")
image = tf.io.decode_png(tf.io.read_file("street.png"), channels=3)[None]
answer = model.signatures["serving_default"](image=image)
print(answer["labels"].shape)
```

TF Serving, over REST, once it serves this folder:

```sh
printf '{"signature_name": "encoded", "instances": [{"b64": "%s"}]}' \\
  "$(base64 -w 0 street.png)" > request.json
curl -s -d @request.json http://localhost:8501/v1/models/NAME:predict
```
"""


def _write(job: ExportJob, folder: Path) -> Iterator[Artefact]:
    from kerasseg.export.formats.deployment import Deployment
    from kerasseg.export.formats.session_answers import SessionAnswers
    from kerasseg.export.formats.warmup import write_warmup

    job.say("writing the SavedModel")
    Deployment(
        job.folded_graph(copies=True),
        max_pixels=job.description.max_pixels,
        labels_file=folder / "labels.json",
    ).save(folder)
    write_warmup(folder, [job.samples.first_file()], model_name=job.run.name)
    yield Artefact("savedmodel", folder / "variables", open=lambda: SessionAnswers(folder))


SAVEDMODEL = Format(
    files=(), write=_write, calls=_CALLS, packages=("tensorflow_serving",), by_default=True
)
