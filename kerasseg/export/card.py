"""README.md of an export: what it is, how good it is, how to call it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from kerasseg.config import ModelConfig, dump_config
from kerasseg.evaluation.fit_export import Calibration
from kerasseg.export.formats.artefact import Artefact, Format
from kerasseg.metrics.undefined import format_score
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.trained import TrainedRun


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return f"{sum(p.stat().st_size for p in files) / 1e6:.1f} MB"


def _scores(run: TrainedRun) -> str:
    scores = run.scores
    if scores is None:
        return "The run was not finished when it was exported: no scores.\n"
    rows = "\n".join(
        f"| {name} | {format_score(entry.iou)} |" for name, entry in scores.overlap.classes.items()
    )
    return (
        f"On `{scores.split}`, {scores.images} images at native size, unlabelled pixels "
        f"of the ground truth left out:\n\n| class | IoU |\n|---|---|\n{rows}\n"
        f"| **mean** | **{format_score(scores.overlap.miou)}** |\n\nPixel accuracy "
        f"{format_score(scores.overlap.pixel_accuracy)}.\n"
    )


def _parity(report: Mapping, artefacts: Sequence[Artefact]) -> str:
    lines = [
        "| | equal labels | confidence | uncertainty | mean IoU | size | s an image |",
        "|---|---|---|---|---|---|---|",
        f"| Keras | | | | {format_score(report['miou'])} | | "
        f"{report['keras']['seconds_an_image']:.3f} |",
    ]
    for artefact in artefacts:
        measured = report[artefact.name]
        lines.append(
            f"| {artefact.name} | {measured['equal_labels']:.4%} | {measured['confidence']:.1e} | "
            f"{measured['uncertainty']:.1e} | {format_score(measured['miou'])} | "
            f"{_size(artefact.path)} | {measured['seconds_an_image']:.3f} |"
        )
    return "\n".join(lines) + "\n"


def _calibration(calibration: Calibration) -> str:
    fit = calibration.fit
    if fit is None:
        text = f"Logits are divided by {calibration.temperature:.4g}, as it was told."
    else:
        text = (
            f"Logits are divided by {fit.value:.4g}, fitted on {fit.images_fitted} validation "
            f"images; the calibration error of {fit.images_scored} others is "
            f"{format_score(fit.ece_after)}, without it {format_score(fit.ece_before)}."
        )
    found = calibration.unlabelled
    if found is None:
        return text + "\n"
    return (
        f"{text}\n\nPixels with an `uncertainty` above {found.above:.4g} are answered unlabelled: "
        f"{found.asked:.3g} of the labelled pixels of {found.images} validation images.\n"
        f"A threshold from half of them gives up {found.given_up:.3g} in the other half.\n"
    )


def _scale(description: ModelDescription) -> str:
    down, across = description.working_size
    if description.scale is not None:
        return f"The graph itself resizes by {description.scale:.4g}, whatever the size"
    return (
        f"The graph itself resizes to about {down} x {across} = {down * across} pixels, the scale "
        "it was trained at"
    )


def model_card(
    run: TrainedRun,
    description: ModelDescription,
    calibration: Calibration,
    report: Mapping,
    artefacts: Sequence[Artefact],
    formats: Sequence[Format],
) -> str:
    """Markdown. description: of the export. report: parity.json, with an entry an artefact.

    formats: those that were written.
    """
    calls = "\n".join(kind.calls for kind in formats).replace("NAME", run.name)
    label_set = description.label_set
    height, width = description.native_size
    gate = " x (1 - p(background))" if label_set.background_id is not None else ""
    return f"""# {run.name}

{describe_net(run.config.model)} that gives each pixel of
a street scene one of {label_set.num_classes} classes, a confidence and an uncertainty. Trained on
`{label_set.dataset}` by kerasseg {description.kerasseg_version}, settings below
(hash `{description.config_hash}`).

In: uint8 RGB of any height and width. {_scale(description)}, and
answers at the size of the image: what fits best is photos like those of the data set,
{width} x {height} pixels{"" if description.one_size else " in the median"}.

Out: `labels`, the index into `names` of `labels.json` ({label_set.num_classes} is unlabelled, if
the model has that class; 255 if it has not). `confidence`, 0 to 1: the largest probability.
`uncertainty`, 0 to 1: 1 - the largest probability of a known class; high where the label may be
wrong, and where a thing is none of the classes. In the PNGs of `encoded` level 255 stands for 1.
`image_uncertainty`: its mean over the image. `variance`, if it was exported: what Dropout in front
of the head would give the logits, mean over classes{gate}, in closed form.

{_calibration(calibration)}
## Scores

{_scores(run)}
## The files against the Keras model

Largest differences over real images of odd and even sizes, mean IoU over {report["images"]}
validation images, time at {width} x {height} on the machine that exported:

{_parity(report, artefacts)}
## Call it

{calls}
## Settings

```yaml
{dump_config(run.config).rstrip()}
```
"""


def describe_net(model: ModelConfig) -> str:
    """The net in a few words, as the card begins."""
    if model.encoder == "unet":
        return f"A U-Net (width {model.width}, depth {model.depth})"
    return f"A U-Net with the encoder {model.encoder} (weights: {model.encoder_weights})"
