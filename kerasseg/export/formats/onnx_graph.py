"""The serving graph as an ONNX file."""

import gc
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import onnx
import tensorflow as tf
import tf2onnx

from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription

OPSET = 18  # the newest that tf2onnx writes
_IMAGE = tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")


def convert(graph: ServingGraph, *, probabilities: bool) -> onnx.ModelProto:
    """image uint8 (B, H, W, 3), all three dynamic, to what `ServingGraph.predict` gives.

    probabilities: also `probabilities`, float32 (B, H, W, outputs).
    """

    def answers(image: tf.Tensor) -> dict[str, tf.Tensor]:
        result = dict(graph.predict(image))
        if probabilities:
            result.update(graph.probabilities(image))
        return result

    with eager_collection():
        model, _ = tf2onnx.convert.from_function(
            tf.function(answers, input_signature=[_IMAGE], autograph=False),
            input_signature=[_IMAGE],
            opset=OPSET,
        )
    _name_axes(model)
    return model


@contextmanager
def eager_collection() -> Iterator[None]:
    """Collects cyclic garbage often, and does not look at what is there already.

    tf2onnx copies the graph with its weights before each pass that it makes over it, and what it
    throws away refers to itself. Python would wait until there is a quarter more garbage than
    TensorFlow has objects: 15 GB for a file of 124 MB, against 4, in two thirds of the time.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.collect()  # Python counts anew what it has to look at
    gc.set_threshold(700, 5, 2)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _name_axes(model: onnx.ModelProto) -> None:
    """Gives the free axes their names, so that a reader of the file sees what is what."""
    for value in (*model.graph.input, *model.graph.output):
        for axis, name in zip(value.type.tensor_type.shape.dim, ("batch", "height", "width"),
                              strict=False):  # fmt: skip
            axis.dim_param = name


def write(model: onnx.ModelProto, path: Path, *, metadata: Mapping[str, object]) -> None:
    """Adds metadata (values as JSON, strings as they are), checks the model, writes the file."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(
        model,
        {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()},
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def metadata(description: ModelDescription) -> dict[str, object]:
    """metadata_props: the description, and what people look for in it."""
    return {
        "kerasseg": json.dumps(description.to_json()),
        "class_names": list(description.label_set.names),
        "palette": [list(color) for color in description.label_set.palette],
    }
