"""The end of a run: its best weights scored at native size, then panels."""

import os
import shutil
from collections.abc import Callable

import numpy as np
from PIL import Image

from kerasseg.config import Config
from kerasseg.data.catalog import Catalog
from kerasseg.data.facts import cache_folder
from kerasseg.data.pixels import Decoder
from kerasseg.data.samples import take_evenly
from kerasseg.drawing.panels import panel
from kerasseg.evaluation.answers import answers_of
from kerasseg.evaluation.split import evaluate_split
from kerasseg.files import temporary_folder
from kerasseg.inference.backends.graph import GraphPredictor
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.weights import load_net
from kerasseg.training.session import build_graph, describe_model


def score_best(
    config: Config,
    catalog: Catalog,
    run: RunDirectory,
    *,
    check_stop: Callable[[], None],
    boundaries: bool,
) -> None:
    """Writes `metrics.json` and `panels/` of `best.keras` on the validation split.

    check_stop: called after each image; may raise to stop. boundaries: see `evaluate_split`.
    """
    predictor = _open_best(config, catalog, run)
    scores = evaluate_split(
        answers_of(predictor, catalog.label_set),
        catalog,
        split="val",
        each_image=lambda done: check_stop(),
        boundaries=boundaries,
    )
    # First what took longest: pictures of large images may be what memory does not suffice for.
    run.write_scores(scores)
    write_panels(config, catalog, run, predictor)


def _open_best(config: Config, catalog: Catalog, run: RunDirectory) -> GraphPredictor:
    graph = build_graph(config, catalog, load_net(run.best))
    return GraphPredictor(graph, describe_model(config, catalog))


def write_panels(
    config: Config, catalog: Catalog, run: RunDirectory, predictor: GraphPredictor | None = None
) -> None:
    """Panels of some validation images, evenly spread; the folder appears as a whole.

    predictor: None = that of `best.keras`.
    """
    predictor = predictor or _open_best(config, catalog, run)
    decoder = Decoder(
        catalog, "val", cache=config.data.cache, cache_dir=cache_folder(config.data.cache_dir)
    )
    samples = catalog.splits["val"]
    chosen = take_evenly(range(len(samples)), config.train.panels, with_last=True)
    with temporary_folder(run.path) as folder:
        for index in chosen:
            image, label = decoder(np.int32(index))
            prediction = predictor.predict(image.numpy())
            picture = panel(
                image.numpy(),
                prediction.labels,
                label.numpy(),
                prediction.uncertainty,
                label_set=catalog.label_set,
            )
            Image.fromarray(picture).save(folder / f"{samples[index].name}.png")
        shutil.rmtree(run.panels, ignore_errors=True)
        os.replace(folder, run.panels)
