"""The whole objective, on two drawn streets until they are known by heart."""

import numpy as np
import pytest

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.working_scale import WorkingScale
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.training.device import pick_device
from kerasseg.training.session import build_session
from kerasseg.training.step import compile_step

SIZE = (64, 128)
STEPS = 200


@pytest.mark.slow
def test_two_streets_are_learned_by_heart(tmp_path):
    config = load_config(
        None,
        [
            f"data.root={tmp_path / 'streets'}",
            f"data.cache_dir={tmp_path / 'cache'}",
            "data.draw_train=2",
            "data.draw_val=1",
            "data.cache=memory",
            f"data.image_size={list(SIZE)}",
            "model.width=12",
            "model.depth=3",
            "augment.flip=false",
            # Some classes have a handful of pixels, and doubt of them is what C makes cheap.
            "loss.uncertainty_weight=0.05",
            "loss.class_weights=median_frequency",
            "loss.class_weight_power=0.7",
            "optimizer.learning_rate=0.02",
            "optimizer.schedule=cosine",
            "train.batch_size=2",
            f"train.stages=[{{crop_scale: 1.0, epochs: {STEPS}}}]",
        ],
    )
    catalog = open_catalog(config)
    session = build_session(config, catalog, pick_device(precision="float32", jit=False))
    session.schedule.total_steps.assign(STEPS)
    segmenter = session.segmenter
    step = compile_step(segmenter, jit=False)
    for batch in session.input_for(session.plan()).from_step(0):
        means = step(batch)
    assert float(means["variance"]) > 0
    # At working size: what a smaller picture has lost cannot be learned.
    graph = ServingGraph(
        segmenter.scoring_net(),
        scale=WorkingScale(SIZE),
        background_id=catalog.label_set.background_id,
        dropout_rate=config.model.dropout_rate,
    )
    matrix = ConfusionMatrix(catalog.label_set.num_classes)
    for truth, answer in zip(
        batch["label"].numpy(), graph.labels(batch["image"]).numpy(), strict=True
    ):
        matrix.add(truth, answer)
    assert len(np.unique(batch["label"])) > 10
    assert matrix.miou > 0.95
