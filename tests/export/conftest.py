"""A run directory with weights that were never trained, on three drawn street scenes."""

import json

import pytest

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.models.build import build_net
from kerasseg.runs.directory import RunDirectory
from kerasseg.streets.draw import draw_streets


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
    run.write_labels(catalog, image_size=config.data.image_size)
    net = build_net(
        config.model, outputs=catalog.label_set.num_outputs, seed=1, precision="float32"
    )
    # Untrained logits are nearly equal: stretched, so that every class wins somewhere.
    head = net.get_layer("head")
    head.kernel.assign(head.kernel * 8.0)
    run.save_best(net)
    classes = {name: {"iou": 0.5, "pixels": 10} for name in catalog.label_set.names}
    scores = {"split": "val", "images": 3, "miou": 0.5, "pixel_accuracy": 0.6, "classes": classes}
    run.metrics.write_text(json.dumps(scores))
    return path


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Root of a data set: two scenes to train with, three to validate with."""
    root = tmp_path_factory.mktemp("data") / "streets"
    draw_streets(root, train=2, val=3, seed=3)
    return root


@pytest.fixture(scope="session")
def run_dir(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return make_run(folder / "small", root=drawn, cache=folder / "cache")
