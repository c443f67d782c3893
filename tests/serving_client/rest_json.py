"""JSON of TF Serving's predict call to its protos and back, after the published rules.

https://www.tensorflow.org/tfx/serving/api_rest: rows ("instances") and columns ("inputs"), the
name left out where there is one tensor, {"b64": …} for any string that comes in, and for a
string that goes out only if its name ends in _bytes. Raises ValueError for what breaks a rule.
"""

import base64
import json

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto


def is_b64(value):
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def _leaf(value):
    if is_b64(value):
        return base64.b64decode(value["b64"], validate=True)
    return value.encode() if isinstance(value, str) else value


def _shape(value):
    return (len(value), *(_shape(value[0]) if value else ())) if isinstance(value, list) else ()


def _leaves(value):
    if not isinstance(value, list):
        return [_leaf(value)]
    if len({_shape(v) for v in value}) > 1:
        raise ValueError("list of unequal shapes")
    return [leaf for v in value for leaf in _leaves(v)]


def _tensor(value, info):
    leaves, shape = _leaves(value), tf.TensorShape(_shape(value)).as_proto()
    is_string = info.dtype == tf.string.as_datatype_enum
    if any(isinstance(leaf, bytes) != is_string or isinstance(leaf, dict) for leaf in leaves):
        raise ValueError("JSON value is not of the type of the input")
    if is_string:
        return TensorProto(dtype=info.dtype, tensor_shape=shape, string_val=leaves)
    numbers = np.array(leaves, tf.as_dtype(info.dtype).as_numpy_dtype)
    return tf.make_tensor_proto(numbers.reshape(_shape(value)))


def _rows_to_columns(rows, inputs):
    if not isinstance(rows, list) or not rows:
        raise ValueError("instances must be a list with at least one element")
    if isinstance(rows[0], dict) and not is_b64(rows[0]):
        if any(not isinstance(row, dict) or row.keys() != set(inputs) for row in rows):
            raise ValueError(f"keys of every instance must be {sorted(inputs)}")
        return {name: [row[name] for row in rows] for name in inputs}
    return _only(rows, inputs)


def _only(value, inputs):
    if len(inputs) > 1:
        raise ValueError(f"names needed: {sorted(inputs)}")
    return {next(iter(inputs)): value}


def parse(body, signatures):
    """(signature name, {input: TensorProto}, whether by rows)."""
    document = json.loads(body)
    if not isinstance(document, dict) or ("instances" in document) == ("inputs" in document):
        raise ValueError("the body must be an object with one of 'instances' and 'inputs'")
    name = document.get("signature_name", "serving_default")
    if name not in signatures:
        raise ValueError(f"signature name {name!r} not found")
    inputs = dict(signatures[name].inputs)
    by_rows = "instances" in document
    if by_rows:
        columns = _rows_to_columns(document["instances"], inputs)
    else:
        columns = document["inputs"]
        if not isinstance(columns, dict) or is_b64(columns):
            columns = _only(columns, inputs)
        if columns.keys() != set(inputs):
            raise ValueError(f"keys of 'inputs' must be {sorted(inputs)}")
    return name, {key: _tensor(columns[key], inputs[key]) for key in inputs}, by_rows


def _values(name, tensor):
    array = tf.make_ndarray(tensor)
    if array.dtype != object:
        return array.tolist()

    def out(value):
        if isinstance(value, list):
            return [out(v) for v in value]
        return {"b64": base64.b64encode(value).decode()} if binary else value.decode()

    binary = name.endswith("_bytes")
    return out(array.tolist())


def answer(outputs, *, by_rows):
    """The JSON text of an answer."""
    columns = {name: _values(name, tensor) for name, tensor in outputs.items()}
    one = next(iter(columns.values())) if len(columns) == 1 else None
    if not by_rows:
        return json.dumps({"outputs": columns if one is None else one})
    if one is None:
        rows = zip(*columns.values(), strict=True)
        one = [dict(zip(columns, row, strict=True)) for row in rows]
    return json.dumps({"predictions": one})
