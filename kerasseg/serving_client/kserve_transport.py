"""The gRPC API of KServe, version 2 (the Open Inference Protocol), with Triton's protos.

Format: https://github.com/kserve/open-inference-protocol. TensorFlow is not imported.
"""

from collections.abc import Sequence

import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

from kerasseg.errors import UserError
from kerasseg.serving_client.grpc_channel import GrpcChannel
from kerasseg.serving_client.retry import ServingError

_PER_IMAGE = "image_uncertainty"
_OUTPUTS = ("labels", "confidence", "uncertainty", _PER_IMAGE)
# Datatype: NumPy's, and the field of values that are not sent as raw bytes.
_TYPES: dict[str, tuple[np.dtype, str]] = {
    "UINT8": (np.dtype(np.uint8), "uint_contents"),
    "FP32": (np.dtype("<f4"), "fp32_contents"),
}


class KServeTransport:
    """One model at one address. version: None for the newest. timeout: seconds a call."""

    def __init__(self, host: str, port: int, *, model: str, version: int | None, timeout: float):
        self._channel = GrpcChannel(host, port, timeout=timeout)
        self._model, self._version = model, "" if version is None else str(version)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel.channel)

    def encoded(self, images: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """Raises UserError: an ONNX file has no such signature."""
        raise UserError("encoded: not part of what KServe's API serves, allowed: predict")

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """uint8 (B, H, W, 3) to labels, confidence and uncertainty, each (B, H, W), and
        image_uncertainty, (B,)."""
        message = service_pb2.ModelInferRequest
        request = message(
            model_name=self._model,
            model_version=self._version,
            inputs=[message.InferInputTensor(name="image", datatype="UINT8", shape=images.shape)],
            outputs=[message.InferRequestedOutputTensor(name=name) for name in _OUTPUTS],
            raw_input_contents=[images.tobytes()],
        )
        answer = self._channel.call(self._stub.ModelInfer, request)
        try:
            found = {
                tensor.name: _array(tensor, answer.raw_output_contents, place)
                for place, tensor in enumerate(answer.outputs)
            }
            if _PER_IMAGE in found:  # Triton, which has no tensors of no axis, sends (B, 1)
                found[_PER_IMAGE] = found[_PER_IMAGE].reshape(len(images))
            return found
        except (KeyError, IndexError, ValueError) as error:
            raise ServingError(f"{self._channel.name}: not an answer ({error!r})") from error

    def versions(self) -> list[tuple[int, str, str]]:
        """(number, AVAILABLE or UNKNOWN, "") of each version that the server has."""
        wanted = service_pb2.ModelMetadataRequest(name=self._model, version=self._version)
        metadata = self._channel.call(self._stub.ModelMetadata, wanted)
        # A server without versions answers for the model as a whole.
        return [(int(v or 0), self._state(v), "") for v in metadata.versions or [self._version]]

    def close(self) -> None:
        """Closes the channel; calls after it fail."""
        self._channel.channel.close()

    def _state(self, version: str) -> str:
        request = service_pb2.ModelReadyRequest(name=self._model, version=version)
        return (
            "AVAILABLE" if self._channel.call(self._stub.ModelReady, request).ready else "UNKNOWN"
        )


def _array(
    tensor: service_pb2.ModelInferResponse.InferOutputTensor, raw: Sequence[bytes], place: int
) -> np.ndarray:
    """Raises KeyError, IndexError or ValueError for what is no answer."""
    dtype, field = _TYPES[tensor.datatype]
    shape = tuple(tensor.shape)
    if raw:
        return np.frombuffer(raw[place], dtype).reshape(shape).copy()
    return np.array(getattr(tensor.contents, field), dtype).reshape(shape)
