"""The net alone as a LiteRT model of one size, in floats or in integers."""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from kerasseg.backend import stderr_held
from kerasseg.inference.backends.litert_runtime import METADATA
from kerasseg.inference.fixed_size import NET_OUTPUTS
from kerasseg.models.serving_graph import ServingGraph, labels_of

LABELS = "labels"


def convert_litert(
    graph: ServingGraph,
    *,
    size: tuple[int, int],
    float16: bool = False,
    images: Sequence[np.ndarray] = (),
) -> bytearray:
    """image uint8 (1, H, W, 3) to labels uint8 (1, H, W), the arg max, and float32 logits
    (1, H, W, outputs) and spread (1, H, W, 1), see `ServingGraph.net_answers`.

    size: (H, W). float16: weights of half the size, computed with in float32 where the processor
    has nothing else. images: uint8 (H, W, 3), if it is to compute in 8-bit integers, in the ranges
    that these give; logits and spread are then int8, in the steps that the file names.
    TensorFlow's own operators ("Flex") would make the converter fail.
    """

    def answers(image: tf.Tensor) -> dict[str, tf.Tensor]:
        net = graph.net_answers(tf.cast(image, tf.float32))
        return {LABELS: labels_of(net[0]), **dict(zip(NET_OUTPUTS, net, strict=True))}

    # In integers the converter itself changes the input, which has to be of floats for that.
    kind = tf.float32 if images else tf.uint8
    image = tf.TensorSpec([1, *size, 3], kind, name="image")
    function = tf.function(answers, input_signature=[image], autograph=False)
    variables = tf.Module()
    variables.weights = graph.weights
    with stderr_held(), warnings.catch_warnings():
        # The converter calibrates with an interpreter of which TensorFlow itself says so.
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [function.get_concrete_function()], variables
        )
        if float16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        if images:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: _examples(images)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
            converter.inference_output_type = tf.int8
        return converter.convert()


def _examples(images: Sequence[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    for number, image in enumerate(images):
        values = image[None].astype(np.float32)
        if number == 0:  # so that a step of the input is exactly a gray level
            values[0, 0, 0], values[0, -1, -1] = 0.0, 255.0
        yield {"image": values}


def with_metadata(content: bytearray, text: str) -> bytearray:
    """The model with `text` in it, under the name that `kerasseg.load` looks for."""
    model = flatbuffer_utils.convert_bytearray_to_object(content)
    buffer = schema.BufferT()
    buffer.data = list(text.encode())
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = METADATA, len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return flatbuffer_utils.convert_object_to_bytearray(model)
