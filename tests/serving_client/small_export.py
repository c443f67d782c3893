"""A small untrained model as an exporter saves it, and images for it."""

import io
import shutil

import numpy as np
import tensorflow as tf
from PIL import Image

from kerasseg.config import ModelConfig
from kerasseg.data.working_scale import WorkingScale
from kerasseg.export.formats.deployment import Deployment
from kerasseg.export.formats.warmup import write_warmup
from kerasseg.labels import camvid_labels
from kerasseg.models.build import build_net
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription

NAME, VERSION, MAX_PIXELS = "small", 3, 20_000


def blotches(height, width, seed=0):
    """uint8 (height, width, 3): blotches of colour, so that several classes win."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height // 6), -(-width // 6), 3)).astype(np.uint8)
    return np.repeat(np.repeat(coarse, 6, axis=0), 6, axis=1)[:height, :width]


def encode(image, kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **options)
    return stream.getvalue()


def mixed_files():
    """PNG and JPEG, colour and gray, of different sizes; one ends in zero bytes."""
    return [
        encode(blotches(40, 56)),
        encode(blotches(33, 47, seed=1), "JPEG", quality=95) + b"\0\0",
        encode(blotches(1, 1)),
        encode(blotches(20, 90, seed=2)[..., 0]),
    ]


def save_export(folder):
    """One version below `folder`, with what a server and a client look for."""
    path = folder / str(VERSION)
    config = ModelConfig(width=3, depth=2, dropout_rate=0.3)
    net = build_net(config, outputs=5, seed=1, precision="float32")
    # Untrained logits are nearly equal: stretched, so that every class wins somewhere.
    head = net.get_layer("head")
    head.kernel.assign(head.kernel * 8.0)
    graph = ServingGraph(net, scale=WorkingScale((16, 24), fixed=0.5), background_id=4,
                         dropout_rate=0.3)  # fmt: skip
    labels = folder.with_suffix(".json")
    description = ModelDescription(
        label_set=camvid_labels(void="background"),
        working_size=(16, 24),
        native_size=(32, 48),
        stride=4,
        reach=40,
        tile=512,
        max_pixels=MAX_PIXELS,
        scale=0.5,
    )
    labels.write_text(description.to_text(), encoding="utf-8")
    Deployment(graph, max_pixels=MAX_PIXELS, labels_file=labels).save(path)
    shutil.copy(labels, path / "labels.json")
    write_warmup(path, mixed_files()[:2], model_name=NAME)
    (folder / "latest").symlink_to(str(VERSION))


class Reference:
    """The same file in a version-1 session of this process."""

    def __init__(self, path):
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], str(path))
        self.signatures = meta.signature_def

    def __call__(self, signature, values):
        """(B, …) array or list of strings to {output: array}."""
        signature = self.signatures[signature]
        (fed,) = signature.inputs.values()
        outputs = {name: info.name for name, info in signature.outputs.items()}
        return self._session.run(outputs, {fed.name: values})

    def close(self):
        self._session.close()
