"""What TensorBoard shows, read back from its file."""

from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from kerasseg.config import AugmentConfig
from kerasseg.data.curriculum import plan_epochs
from kerasseg.training.tensorboard import TensorBoard
from tests.data.drawn_catalog import draw_catalog
from tests.data.test_pipeline import SIZE, batches, training_input
from tests.training.small_segmenter import small_segmenter


def images_of(folder):
    """{(tag, step): uint8 (H, W, 3)} of the event file."""
    found = {}
    (file,) = folder.iterdir()
    for event in tf.compat.v1.train.summary_iterator(str(file)):
        for value in event.summary.value:
            pixels = value.tensor.string_val[2]  # after width and height
            found[value.tag, event.step] = tf.io.decode_png(pixels, channels=3).numpy()
    return found


def test_the_input_is_shown_as_the_net_is_given_it(tmp_path):
    (tmp_path / "noise").mkdir()
    catalog = draw_catalog(tmp_path / "noise", count=6, size=(24, 40))
    plan = plan_epochs([(0.6, 1), (1.0, 1)], images=6, batch_size=5)
    source = training_input(catalog, plan=plan, batch_size=5, unknown=6)
    segmenter = small_segmenter(augmentation=AugmentConfig(brightness=0.5))
    session = SimpleNamespace(
        input_for=lambda of: {plan: source}[of], segmenter=segmenter, catalog=catalog
    )
    with TensorBoard(tmp_path / "board") as board:
        board.batch(session, plan, step=1)
    image, label = segmenter.view(batches(source)[1])
    shown = images_of(tmp_path / "board")["training", 1]
    height, width = SIZE
    assert shown.shape == (4 * height, 2 * width, 3)
    for i in range(4):
        row = shown[i * height : (i + 1) * height]
        np.testing.assert_array_equal(row[:, :width], np.round(image[i]))
        colours = catalog.label_set.colors[label[i].numpy()]
        np.testing.assert_array_equal(row[:, width:], colours)
