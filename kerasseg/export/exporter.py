"""From a run to files that deploy: write, check, and only then put in place."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kerasseg.errors import UserError
from kerasseg.evaluation.fit_export import Calibration
from kerasseg.export import parity
from kerasseg.export.card import model_card
from kerasseg.export.check_images import CheckSamples
from kerasseg.export.formats import FORMATS
from kerasseg.export.formats.artefact import Artefact
from kerasseg.export.job import ExportJob, ExportOptions
from kerasseg.export.publish import publish, staging
from kerasseg.inference.backends.graph import GraphAtOneSize
from kerasseg.inference.fixed_size import Size
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import PLAIN_INPUT, ModelDescription
from kerasseg.runs.trained import TrainedRun
from kerasseg.version import __version__


def export_run(
    run: TrainedRun,
    samples: CheckSamples,
    *,
    out: Path,
    options: ExportOptions,
    calibration: Calibration,
    say: Callable[[str], None] = print,
) -> Path:
    """Writes the next version below `out` and returns its directory.

    samples: validation images for the parity check. calibration: what was found for the options.
    Raises UserError if an artefact does not answer as the Keras model does; nothing is left then.
    """
    with staging(out) as folder, ExitStack() as stack:
        description = describe_export(run, options, calibration)
        (folder / "labels.json").write_text(description.to_text(), encoding="utf-8")
        job = ExportJob(run, options, description, samples, say)
        opened: dict[Artefact, parity.ModelFunction] = {}
        for name, kind in FORMATS.items():
            if name in options.formats:
                for artefact in kind.write(job, folder):
                    opened[artefact] = stack.enter_context(artefact.open())
        say(f"checking parity on {len(samples)} validation images")
        # The files hold a folded net; what they are checked against is the net that was scored.
        report = _parity(job.graph(), opened, samples, description)
        text = json.dumps(report, indent=2) + "\n"
        (folder / "parity.json").write_text(text, encoding="utf-8")
        written = [kind for name, kind in FORMATS.items() if name in options.formats]
        card = model_card(run, description, calibration, report, tuple(opened), written)
        (folder / "README.md").write_text(card, encoding="utf-8")
        stack.close()
        return publish(folder, out)


def describe_export(
    run: TrainedRun, options: ExportOptions, calibration: Calibration
) -> ModelDescription:
    """The description of the run, and what only an export knows."""
    size = options.fixed_size(run.description)
    is_plain = any(FORMATS[name].plain for name in options.formats)
    return replace(
        run.description,
        temperature=calibration.temperature,
        unlabelled_above=calibration.unlabelled_above,
        plain_input={"size": [*size], **PLAIN_INPUT} if is_plain else None,
        kerasseg_version=__version__,
        config_hash=run.config_hash,
        run=run.name,
    )


def _parity(
    graph: ServingGraph,
    opened: Mapping[Artefact, parity.ModelFunction],
    samples: CheckSamples,
    description: ModelDescription,
) -> dict:
    """Compares every artefact with Keras. Raises UserError if one that has to be exact is beyond
    the tolerance. A file of one size is held to the net at that size."""
    batches, classes = parity.probes(samples.images(2)), description.label_set.num_classes

    def keras_answers(batch: np.ndarray) -> dict[str, np.ndarray]:
        return {name: value.numpy() for name, value in graph.predict(batch).items()}

    miou = parity.score(keras_answers, samples, classes=classes).miou
    report: dict[str, Any] = {
        "images": len(samples),
        "tolerance": parity.TOLERANCE,
        "miou": miou,
    }
    references: dict[Size | None, tuple[parity.ModelFunction, float]]
    references = {None: (keras_answers, miou)}
    problems = []
    for artefact, answers in opened.items():
        size = artefact.fixed_size
        if size is not None and size not in references:
            at_size = GraphAtOneSize(graph, description, size=size).compute
            references[size] = at_size, parity.score(at_size, samples, classes=classes).miou
        reference, miou = references[size]
        own = parity.score(answers, samples, classes=classes)
        report[artefact.name] = {
            **parity.differences(reference, answers, batches),
            "miou": own.miou,
            "miou_difference": own.miou - miou,
        }
        if artefact.exact:
            problems += parity.failures(artefact.name, report[artefact.name])
    if problems:
        raise UserError("\n".join(problems))
    files = {artefact.name: answers for artefact, answers in opened.items()}
    timed = {"keras": keras_answers, **files}
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
