"""What a run makes of the sizes of its images."""

from dataclasses import replace

import pytest

from kerasseg.config import load_config
from kerasseg.training.session import build_graph, build_objective, describe_model, working_scale
from tests.data.drawn_catalog import draw_catalog
from tests.inference.small_model import small_net

SETTINGS = ["data.image_size=[12, 20]", "model.width=2", "model.depth=1"]


@pytest.fixture
def catalog(tmp_path):
    return draw_catalog(tmp_path, count=1, size=(24, 40))


@pytest.mark.parametrize(
    ("one_size", "settings", "outside", "seen"),
    [
        (True, [], False, (12, 20)),
        (False, [], True, (12, 20)),
        (True, ["serving.scale=0.25"], True, (6, 10)),
        (True, ["augment.scale=[0.9,2]"], True, (12, 20)),
        (True, ["augment.scale=[1,2]"], False, (12, 20)),
    ],
)
def test_training_serving_and_labels_json_have_one_scale(
    catalog, one_size, settings, outside, seen
):
    catalog = replace(catalog, one_size=one_size)
    config = load_config(None, [*SETTINGS, *settings])
    scale = working_scale(config, catalog)
    assert describe_model(config, catalog).working_scale == scale
    assert scale.image_size(24, 40) == seen
    net = small_net(config.model, outputs=catalog.label_set.num_outputs)
    images = [[[[0, 0, 0]] * 40] * 24]
    assert build_graph(config, catalog, net).preprocess(images).shape == (1, *seen, 3)
    # In a set of one size no crop leaves its image, and the step does not ask.
    assert build_objective(config, catalog).labels.outside == outside
