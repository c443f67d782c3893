"""Requests that TF Serving sends to a model of its own accord, before it calls it ready.

The first call of a graph costs several times the second. Format:
https://www.tensorflow.org/tfx/serving/saved_model_warmup.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from kerasseg.errors import UserError
from kerasseg.files import writing

FILE = "tf_serving_warmup_requests"
_SIDE = 64  # pixels: the tensor request takes every path of the graph, not its time


def write_warmup(path: Path, images: Sequence[bytes], *, model_name: str) -> Path:
    """Writes requests below the SavedModel directory `path`, returns the file.

    images: PNG or JPEG files, of sizes that clients will send: an `encoded` request each, since
    a batching server may take no more than one image a request, and a server that fails in its
    warm-up does not load the model. The last request is `serving_default` for a drawn image of
    64 x 64. model_name: the name that the server gives the model. Raises UserError without
    images, or if `path` is no SavedModel.
    """
    path = Path(path)
    if not (path / "saved_model.pb").is_file():
        raise UserError(f"{path}: not a SavedModel (no saved_model.pb in it)")
    if not images:
        raise UserError("warm-up: needs at least one image")
    requests = [_request(model_name, "encoded", {"image_bytes": _strings([i])}) for i in images]
    drawn = tf.make_tensor_proto(_drawn())
    requests.append(_request(model_name, "serving_default", {"image": drawn}))
    file = path / "assets.extra" / FILE
    with (
        writing(file, make_folder=True) as temporary,
        tf.io.TFRecordWriter(str(temporary)) as records,
    ):
        for request in requests:
            log = prediction_log_pb2.PredictLog(request=request)
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            records.write(record.SerializeToString())
    return file


def _request(model_name: str, signature: str, inputs: dict) -> predict_pb2.PredictRequest:
    spec = model_pb2.ModelSpec(name=model_name, signature_name=signature)
    return predict_pb2.PredictRequest(model_spec=spec, inputs=inputs)


def _strings(values: Sequence[bytes]) -> tensor_pb2.TensorProto:
    """(B,). By hand: a NumPy array of strings would drop zero bytes at the end of a file."""
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=values)
    tensor.tensor_shape.dim.add().size = len(values)
    return tensor


def _drawn() -> np.ndarray:
    """uint8 (1, 64, 64, 3): two ramps and a chequer."""
    y, x = np.indices((_SIDE, _SIDE))
    return np.stack([4 * y, 4 * x, (y // 8 + x // 8) % 2 * 255], axis=-1).astype(np.uint8)[None]
