"""A gRPC channel for images, and its errors as those of the client."""

from collections.abc import Callable
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from kerasseg.serving_client.retry import RequestRefused, ServerUnavailable, ServingError

Reply = TypeVar("Reply", bound=Message)
_REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
}
_TRY_AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
_OPTIONS = [
    # gRPC refuses messages over 4 MB unless told; the three maps of 1024 x 2048 take 19 MB.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # After a refused connection gRPC fails calls for a second, then two, four … without trying:
    # most of our own retries would fall into that time.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.enable_retries", 0),
]


class GrpcChannel:
    """To one address, unencrypted. timeout: seconds a call."""

    def __init__(self, host: str, port: int, *, timeout: float):
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.name, self._timeout = f"grpc://{target}", timeout
        self.channel = grpc.insecure_channel(target, options=_OPTIONS)

    def call(self, method: Callable[..., Reply], request: Message) -> Reply:
        """The answer of a stub's method. Raises ServingError, or the subclass that fits."""
        try:
            return method(request, timeout=self._timeout)
        except grpc.RpcError as error:
            message = f"{self.name}: {error.code().name}: {error.details()}"
            if error.code() in _REFUSED:
                raise RequestRefused(message) from error
            if error.code() in _TRY_AGAIN:
                raise ServerUnavailable(message) from error
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                message = f"{self.name}: no answer in {self._timeout:g} s"
            raise ServingError(message) from error
