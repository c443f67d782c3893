"""README.md of an export: what it is, how good it is, how to call it."""

from collections.abc import Mapping
from pathlib import Path

from kerasseg.config import dump_config
from kerasseg.metrics.undefined import format_score
from kerasseg.runs.trained import TrainedRun

_CALLS = """## Call it

ONNX Runtime, without TensorFlow:

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

TensorFlow, without Keras' code:

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


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return f"{sum(p.stat().st_size for p in files) / 1e6:.1f} MB"


def _scores(run: TrainedRun) -> str:
    metrics = run.metrics
    if metrics is None:
        return "The run was not finished when it was exported: no scores.\n"
    rows = "\n".join(
        f"| {name} | {format_score(entry['iou'])} |" for name, entry in metrics["classes"].items()
    )
    return (
        f"On `{metrics['split']}`, {metrics['images']} images at native size, unlabelled pixels "
        f"of the ground truth left out:\n\n| class | IoU |\n|---|---|\n{rows}\n"
        f"| **mean** | **{format_score(metrics['miou'])}** |\n\nPixel accuracy "
        f"{format_score(metrics['pixel_accuracy'])}.\n"
    )


def _parity(report: Mapping, folder: Path) -> str:
    files = {
        "savedmodel": folder / "variables",
        "onnx": folder / "model.onnx",
        "int8": folder / "model.int8.onnx",
    }
    lines = [
        "| | equal labels | confidence | uncertainty | mean IoU | size | s an image |",
        "|---|---|---|---|---|---|---|",
        f"| Keras | | | | {format_score(report['miou'])} | | "
        f"{report['keras']['seconds_an_image']:.3f} |",
    ]
    for name, path in files.items():
        if name in report:
            found = report[name]
            lines.append(
                f"| {name} | {found['equal_labels']:.4%} | {found['confidence']:.1e} | "
                f"{found['uncertainty']:.1e} | {format_score(found['miou'])} | {_size(path)} | "
                f"{found['seconds_an_image']:.3f} |"
            )
    return "\n".join(lines) + "\n"


def model_card(run: TrainedRun, document: Mapping, report: Mapping, folder: Path) -> str:
    """Markdown. document: labels.json. report: parity.json. folder: the files so far."""
    height, width = document["native_size"]
    down, across = document["working_size"]
    gate = " x (1 - p(background))" if run.label_set.background_id is not None else ""
    temperature = document["temperature"]
    tempered = "" if temperature == 1.0 else f", of logits divided by {temperature:.4g}"
    averaged = ", averaged over Dropout" if document["confidence"] == "expected" else ""
    return f"""# {run.name}

A U-Net (width {run.config.model.width}, depth {run.config.model.depth}) that gives each pixel of
a street scene one of {len(document["names"])} classes, a confidence and an uncertainty. Trained on
`{document["dataset"]}` by kerasseg {document["kerasseg_version"]}, settings below
(hash `{document["config_hash"]}`).

In: uint8 RGB of any height and width. The graph itself resizes by {down}/{height} and
{across}/{width}, the scale it was trained at, and answers at the size of the image: what fits best
is photos like those of the data set, {width} x {height} pixels.

Out: `labels`, the index into `names` of `labels.json` ({len(document["names"])} is unlabelled, if
the model has that class). `confidence`, 0 to 1: the largest softmax probability{tempered}\
{averaged}. `uncertainty`, at least 0: the variance that Dropout in front of the head would give the
logits, mean over classes{gate}. It is computed in closed form, so the same image gets the same
number. In the PNGs of `encoded` level 255 stands for {document["uncertainty_scale"]:.4g}.

## Scores

{_scores(run)}
## The files against the Keras model

Largest differences over real images of odd and even sizes, mean IoU over {report["images"]}
validation images, time at {width} x {height} on the machine that exported:

{_parity(report, folder)}
{_CALLS.replace("NAME", run.name)}
## Settings

```yaml
{dump_config(run.config).rstrip()}
```
"""
