"""A run that was never trained, and an export of it."""

import json
from importlib.util import find_spec

import pytest

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.evaluation.fit_export import Calibration
from kerasseg.export.exporter import export_run
from kerasseg.export.formats import FORMATS, web
from kerasseg.export.job import ExportOptions
from kerasseg.models.build import build_net
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.trained import open_run
from kerasseg.training.session import describe_model
from tests.metrics.made_scores import made_scores

UNCALIBRATED = Calibration(1.0)
# What is installed here of what the formats need: an extra may be missing.
INSTALLED = tuple(name for name, kind in FORMATS.items() if all(map(find_spec, kind.packages)))


def need_format(name):
    """Skips the test, saying why, if what writes the format is not installed."""
    if name not in INSTALLED:
        pytest.skip(f"{name}: needs {', '.join(FORMATS[name].packages)}")


def make_run(path, *, root, cache, **changes):
    """Settings, labels, weights and scores of a run, as training leaves them."""
    settings = {
        "run_dir": path,
        "data.root": root,
        "data.cache_dir": cache,
        "data.image_size": "[128, 256]",
        "model.width": 4,
        "model.depth": 2,
        **changes,
    }
    config = load_config(None, [f"{name}={value}" for name, value in settings.items()])
    catalog = open_catalog(config)
    run = RunDirectory(path)
    run.open(config, fresh=False)
    run.write_description(describe_model(config, catalog))
    net = build_net(
        config.model, outputs=catalog.label_set.num_outputs, seed=1, precision="float32"
    )
    # Untrained logits are nearly equal: stretched, so that every class wins somewhere.
    head = net.get_layer("head")
    head.kernel.assign(head.kernel * 8.0)
    run.save_best(net)
    run.write_scores(made_scores(dict.fromkeys(catalog.label_set.names, (0.5, 10))))
    return path


def make_runtime(folder, *, version=web.VERSION):
    """A stand-in for the npm package onnxruntime-web: its names, nothing that runs."""
    (folder / "dist").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": version}))
    for name in ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"):
        (folder / "dist" / name).write_text(name)
    return folder


def export_small(run_dir, samples, out, *, formats=INSTALLED, calibration=UNCALIBRATED, **options):
    """The version directory. options: of ExportOptions."""
    return export_run(
        open_run(run_dir),
        samples,
        out=out,
        options=ExportOptions(formats, **options),
        calibration=calibration,
        say=lambda line: None,
    )
