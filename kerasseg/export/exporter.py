"""From a run to files that deploy: write, check, and only then put in place."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerasseg.errors import UserError
from kerasseg.export import parity
from kerasseg.export.card import model_card
from kerasseg.export.check_images import CheckSamples
from kerasseg.export.fold import fold_batch_norm
from kerasseg.export.formats import onnx as onnx_format
from kerasseg.export.formats.onnx_answers import OnnxAnswers
from kerasseg.export.formats.savedmodel import Deployment
from kerasseg.export.formats.session_answers import SessionAnswers
from kerasseg.export.formats.warmup import write_warmup
from kerasseg.export.publish import publish, staging
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.runs.trained import TrainedRun
from kerasseg.version import __version__

FORMATS = ("savedmodel", "onnx")


@dataclass(frozen=True)
class ExportOptions:
    """What to export. int8: folder of images to calibrate on, or None. temperature, confidence:
    see ServingGraph."""

    formats: tuple[str, ...] = FORMATS
    probabilities: bool = False
    int8: Path | None = None
    temperature: float = 1.0
    confidence: str = "softmax"


def export_run(
    run: TrainedRun,
    samples: CheckSamples,
    *,
    out: Path,
    options: ExportOptions,
    say: Callable[[str], None] = print,
) -> Path:
    """Writes the next version below `out` and returns its directory.

    samples: validation images for the parity check and the scale of the uncertainty.
    Raises UserError if an artefact does not answer as the Keras model does; nothing is left then.
    """
    graph_options = {"temperature": options.temperature, "confidence": options.confidence}
    # The files hold a folded net; what they are checked against is the net that was scored.
    graph = run.graph(**graph_options)
    with staging(out) as folder, ExitStack() as stack:
        matrix, scale = _measure(run, graph, samples)
        document = export_document(run, uncertainty_scale=scale, options=options)
        labels_file = folder / "labels.json"
        labels_file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        artefacts: dict[str, parity.ModelFunction] = {}
        if "savedmodel" in options.formats:
            say("writing the SavedModel")
            Deployment(
                run.graph(**graph_options, net=fold_batch_norm(run.net, copies=True)),
                max_pixels=run.config.serving.max_pixels,
                uncertainty_scale=scale,
                labels_file=labels_file,
            ).save(folder)
            warm = [samples.first_file()]
            write_warmup(folder, warm, model_name=run.name)
            artefacts["savedmodel"] = stack.enter_context(SessionAnswers(folder))
        if "onnx" in options.formats:
            say("writing model.onnx")
            file = folder / "model.onnx"
            folded = run.graph(**graph_options, net=fold_batch_norm(run.net, copies=False))
            model = onnx_format.convert(folded, probabilities=options.probabilities)
            onnx_format.write(model, file, metadata=onnx_metadata(document))
            artefacts["onnx"] = OnnxAnswers(file)
            if options.int8:
                from kerasseg.export.int8 import calibration_images, quantize

                say("writing model.int8.onnx")
                small = folder / "model.int8.onnx"
                area = np.prod(run.working_size) / np.prod(run.native_size)
                quantize(file, small, images=calibration_images(options.int8, scale=area))
                artefacts["int8"] = OnnxAnswers(small)
        say(f"checking parity on {len(samples)} validation images")
        # An expected confidence jumps where two classes tie, and the last bits break the tie.
        confident = parity.TOLERANCE["equal_labels"] if options.confidence == "expected" else 1.0
        report = _parity(graph, artefacts, samples, matrix, confident=confident)
        text = json.dumps(report, indent=2) + "\n"
        (folder / "parity.json").write_text(text, encoding="utf-8")
        card = model_card(run, document, report, folder)
        (folder / "README.md").write_text(card, encoding="utf-8")
        stack.close()
        return publish(folder, out)


def export_document(run: TrainedRun, *, uncertainty_scale: float, options: ExportOptions) -> dict:
    """The content of labels.json: all that a reader of the answers has to know."""
    return {
        **run.label_set.to_json(),
        "working_size": list(run.working_size),
        "native_size": list(run.native_size),
        "uncertainty_scale": uncertainty_scale,
        "temperature": options.temperature,
        "confidence": options.confidence,
        "max_pixels": run.config.serving.max_pixels,
        "tile": run.config.serving.tile,
        "depth": run.config.model.depth,
        "kerasseg_version": __version__,
        "config_hash": run.config_hash,
        "run": run.name,
    }


def onnx_metadata(document: Mapping) -> dict[str, object]:
    """metadata_props of the ONNX file: the whole document, and what people look for in it."""
    return {
        "kerasseg": json.dumps(document),
        "class_names": document["names"],
        "palette": document["palette"],
    }


def _measure(run: TrainedRun, graph, samples: CheckSamples):
    """Scores of the Keras model, and the uncertainty that 999 of 1,000 pixels stay below."""
    quantiles = []

    def labels(batch):
        answer = graph.predict(batch)
        quantiles.append(np.quantile(answer["uncertainty"].numpy(), 0.999))
        return answer["labels"].numpy()

    matrix = parity.score(labels, samples, classes=run.label_set.num_classes)
    return matrix, max(float(np.max(quantiles)), 1e-6)


def _parity(
    graph, artefacts, samples: CheckSamples, matrix: ConfusionMatrix, *, confident: float
) -> dict:
    """Compares every artefact with Keras. Raises UserError beyond the tolerance (INT8 is only
    reported: it is meant to differ)."""
    batches = parity.probes(samples.images(2))
    reference, classes = matrix.miou, matrix.classes

    def keras_answers(batch):
        return {name: value.numpy() for name, value in graph.predict(batch).items()}

    report = {"images": len(samples), "tolerance": parity.TOLERANCE, "miou": reference}
    problems = []
    for name, answers in artefacts.items():
        found = parity.differences(keras_answers, answers, batches, confident=confident)
        own = parity.score(lambda b, a=answers: a(b)["labels"], samples, classes=classes)
        report[name] = {
            **found,
            "miou": own.miou,
            "miou_difference": own.miou - reference,
        }
        if name != "int8":
            problems += parity.failures(name, report[name])
    if problems:
        raise UserError("\n".join(problems))
    timed = {"keras": keras_answers, **artefacts}
    for name, seconds in _latency(timed, batches[0]).items():
        report.setdefault(name, {})["seconds_an_image"] = seconds
    return report


def _latency(timed: Mapping[str, parity.ModelFunction], batch: np.ndarray) -> dict[str, float]:
    """Median seconds of eleven calls each, taken in turn; the first calls were made before."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(11):
        for name, answers in timed.items():
            start = time.perf_counter()
            answers(batch)
            seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in seconds.items()}
