"""TF Serving's gRPC API, with the official protos. Importing this module imports TensorFlow."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from kerasseg.serving_client.grpc_channel import GrpcChannel
from kerasseg.serving_client.retry import ServingError


def string_tensor(values: Sequence[bytes]) -> tensor_pb2.TensorProto:
    """(B,) strings. By hand: NumPy, on the way, would drop zero bytes at the end of a file."""
    return tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape=_shape(len(values)), string_val=values
    )


def image_tensor(images: np.ndarray) -> tensor_pb2.TensorProto:
    """uint8 (B, H, W, 3) as raw bytes."""
    return tensor_pb2.TensorProto(
        dtype=types_pb2.DT_UINT8,
        tensor_shape=_shape(*images.shape),
        tensor_content=images.tobytes(),
    )


def _shape(*sides: int) -> tensor_shape_pb2.TensorShapeProto:
    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=side) for side in sides]
    return tensor_shape_pb2.TensorShapeProto(dim=dims)


class GrpcTransport:
    """One model at one address. version: None for the newest. timeout: seconds a call."""

    def __init__(self, host: str, port: int, *, model: str, version: int | None, timeout: float):
        self._channel = GrpcChannel(host, port, timeout=timeout)
        self._spec = model_pb2.ModelSpec(name=model)
        if version is not None:
            self._spec.version.value = version
        channel = self._channel.channel
        self._predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        self._status = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus

    def encoded(self, images: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """PNG or JPEG files to (labels PNG, uncertainty PNG) of each."""
        outputs = self._outputs("encoded", {"image_bytes": string_tensor(images)})
        try:
            names = ("labels_png_bytes", "uncertainty_png_bytes")
            return list(zip(*(list(outputs[name].string_val) for name in names), strict=True))
        except (KeyError, ValueError) as error:
            raise ServingError(
                f"{self._channel.name}: not an answer of `encoded` ({error!r})"
            ) from error

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """uint8 (B, H, W, 3) to the outputs of `serving_default`, by name."""
        outputs = self._outputs("serving_default", {"image": image_tensor(images)})
        return {name: tf.make_ndarray(tensor) for name, tensor in outputs.items()}

    def versions(self) -> list[tuple[int, str, str]]:
        """(number, state, error message) of each version that the server knows."""
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=self._spec)
        states = get_model_status_pb2.ModelVersionStatus.State
        return [
            (row.version, states.Name(row.state), row.status.error_message)
            for row in self._channel.call(self._status, request).model_version_status
        ]

    def close(self) -> None:
        """Closes the channel; calls after it fail."""
        self._channel.channel.close()

    def _outputs(self, signature: str, inputs: dict) -> dict[str, tensor_pb2.TensorProto]:
        request = predict_pb2.PredictRequest(model_spec=self._spec, inputs=inputs)
        request.model_spec.signature_name = signature
        return dict(self._channel.call(self._predict, request).outputs)
