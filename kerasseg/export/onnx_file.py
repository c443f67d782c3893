"""The serving graph as an ONNX file."""

import json
from collections.abc import Mapping
from pathlib import Path

import onnx
import tensorflow as tf
import tf2onnx

from kerasseg.model.serving import ServingGraph

OPSET = 18  # the newest that tf2onnx writes
_IMAGE = tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")


def convert(graph: ServingGraph, *, probabilities: bool) -> onnx.ModelProto:
    """image uint8 (B, H, W, 3), all three dynamic, to labels, confidence and uncertainty.

    probabilities: also `probabilities`, float32 (B, H, W, outputs).
    """

    def answers(image):
        result = dict(graph.predict(image))
        if probabilities:
            result.update(graph.probabilities(image))
        return result

    model, _ = tf2onnx.convert.from_function(
        tf.function(answers, input_signature=[_IMAGE]), input_signature=[_IMAGE], opset=OPSET
    )
    _name_axes(model)
    return model


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
