"""The format `savedmodel`: a version directory that TF Serving takes as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.export.formats.artefact import Artefact, Format

if TYPE_CHECKING:
    from kerasseg.export.job import ExportJob


def _write(job: ExportJob, folder: Path) -> Iterator[Artefact]:
    from kerasseg.export.formats.deployment import Deployment
    from kerasseg.export.formats.session_answers import SessionAnswers
    from kerasseg.export.formats.warmup import write_warmup

    scale = job.description.uncertainty_scale
    assert scale is not None, "an export has measured it"
    job.say("writing the SavedModel")
    Deployment(
        job.folded_graph(copies=True),
        max_pixels=job.description.max_pixels,
        uncertainty_scale=scale,
        labels_file=folder / "labels.json",
    ).save(folder)
    write_warmup(folder, [job.samples.first_file()], model_name=job.run.name)
    yield Artefact("savedmodel", folder / "variables", open=lambda: SessionAnswers(folder))


SAVEDMODEL = Format(files=(), write=_write)
