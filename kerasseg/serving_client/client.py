"""A client for a model server that speaks TF Serving's REST or gRPC API, or KServe's gRPC API.

Importing this module imports neither TensorFlow nor gRPC; a `grpc://` client of TF Serving imports
both, a `kserve://` client gRPC.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from kerasseg.data.image_file import upright_bytes
from kerasseg.errors import UserError
from kerasseg.serving_client.http_transport import HttpTransport
from kerasseg.serving_client.retry import (
    Answer,
    RequestRefused,
    ServerUnavailable,
    ServingError,
    with_retries,
)

# All that a caller needs, the errors included.
__all__ = [
    "DenseAnswer",
    "EncodedAnswer",
    "RequestRefused",
    "ServerUnavailable",
    "ServingClient",
    "ServingError",
    "VersionStatus",
]

_PORTS = {"http": 8501, "grpc": 8500, "kserve": 8001}  # of TF Serving's image, and of Triton's


@dataclass(frozen=True, eq=False)
class EncodedAnswer:
    """labels: uint8 (H, W), trainIds. uncertainty: float32 (H, W) in 0…1, in 256 steps."""

    labels: np.ndarray
    uncertainty: np.ndarray


@dataclass(frozen=True, eq=False)
class DenseAnswer:
    """labels: uint8, trainIds. confidence, uncertainty: float32 in 0…1.

    All (H, W) for one image, (B, H, W) for a batch. image_uncertainty: float32 in 0…1, a scalar or
    (B,).
    """

    labels: np.ndarray
    confidence: np.ndarray
    uncertainty: np.ndarray
    image_uncertainty: np.ndarray


@dataclass(frozen=True)
class VersionStatus:
    """state: START, LOADING, AVAILABLE, UNLOADING or END. error: empty when all is well."""

    version: int
    state: str
    error: str


class _Transport(Protocol):
    def encoded(self, images: Sequence[bytes]) -> list[tuple[bytes, bytes]]: ...
    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]: ...
    def versions(self) -> list[tuple[int, str, str]]: ...
    def close(self) -> None: ...


class ServingClient:
    """Sends images to a model server: `with ServingClient("http://host:8501", model="streets") as
    client: client.encoded([png])`.

    url: http://HOST[:PORT] (8501) or grpc://HOST[:PORT] (8500) of TF Serving, kserve://HOST[:PORT]
    (8001) of a server with KServe's gRPC API, version 2, such as Triton; unencrypted. version:
    None for the newest. timeout: seconds for one attempt. retries: how often more to try when there
    is no connection or the server says UNAVAILABLE or RESOURCE_EXHAUSTED (503, 429); first_wait:
    seconds before the second attempt, doubled each time. Threads may share a client.

    The methods raise UserError for arguments that cannot be sent, RequestRefused with the words
    of the server for an image it refuses, ServerUnavailable when the retries are used up, and
    their base ServingError for the rest: no such model, no answer in time, an unknown answer.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str,
        version: int | None = None,
        timeout: float = 60.0,
        retries: int = 5,
        first_wait: float = 0.2,
    ):
        self._retries, self._first_wait = retries, first_wait
        self._transport = _open(url, model=model, version=version, timeout=timeout)

    def encoded(self, images: Sequence[bytes]) -> list[EncodedAnswer]:
        """Whole PNG or JPEG files, of any sizes, to an answer for each, in the same order.

        A photo with an orientation in its EXIF is turned upright first, and sent as PNG: the
        answer is that of the photo as viewers show it.
        One refused image fails the call: RequestRefused does not say which it was.
        """
        if not images:
            return []
        upright = [upright_bytes(image) for image in images]
        rows = self._retrying(lambda: self._transport.encoded(upright))
        if len(rows) != len(images):
            raise ServingError(f"encoded: {len(rows)} answers to {len(images)} images")
        return [
            EncodedAnswer(
                labels=_gray(labels),
                uncertainty=_gray(levels).astype(np.float32) / np.float32(255),
            )
            for labels, levels in rows
        ]

    def predict(self, image: np.ndarray) -> DenseAnswer:
        """uint8 RGB (H, W, 3), or (B, H, W, 3), to the full answer. Not over http://."""
        image = np.asarray(image)
        if image.dtype != np.uint8 or image.ndim not in (3, 4) or image.shape[-1] != 3:
            raise UserError(
                f"image: {image.dtype} {image.shape}, must be uint8 (H, W, 3) or (B, H, W, 3)"
            )
        if not image.size:
            raise UserError(f"image: {image.shape}, must have at least one pixel")
        batch = image if image.ndim == 4 else image[None]
        outputs = self._retrying(lambda: self._transport.predict(batch))
        try:
            answer = [outputs[field.name] for field in fields(DenseAnswer)]
        except KeyError as error:
            raise ServingError(f"predict: the answer has no output {error}") from error
        return DenseAnswer(*(a if image.ndim == 4 else a[0] for a in answer))

    def status(self) -> tuple[VersionStatus, ...]:
        """The versions of the model that the server knows, the newest first."""
        rows = self._retrying(self._transport.versions)
        return tuple(VersionStatus(*row) for row in sorted(rows, reverse=True))

    def ready(self) -> bool:
        """Whether a version can answer now; asks once, and no answer means no."""
        try:
            return any(state == "AVAILABLE" for _, state, _ in self._transport.versions())
        except ServingError:
            return False

    def close(self) -> None:
        """Closes the connection, where one is held open."""
        self._transport.close()

    def __enter__(self) -> "ServingClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _retrying(self, call: Callable[[], Answer]) -> Answer:
        return with_retries(call, retries=self._retries, first_wait=self._first_wait)


def _open(url: str, *, model: str, version: int | None, timeout: float) -> _Transport:
    allowed = "http://HOST[:PORT], grpc://HOST[:PORT] or kserve://HOST[:PORT]"
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise UserError(f"{url}: {error}; must be {allowed}") from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise UserError(f"{url}: must be {allowed}")
    if parts.query or parts.fragment or parts.username:
        raise UserError(f"{url}: must be {allowed}")
    port = port or _PORTS[parts.scheme]
    package = "tritonclient[grpc]" if parts.scheme == "kserve" else "tensorflow-serving-api"
    kind: Callable[..., _Transport]
    try:
        if parts.scheme == "http":
            kind = HttpTransport
        elif parts.scheme == "grpc":
            from kerasseg.serving_client.grpc_transport import GrpcTransport as kind
        else:
            from kerasseg.serving_client.kserve_transport import KServeTransport as kind
    except (ModuleNotFoundError, RuntimeError) as error:  # tritonclient's own, without its extra
        reason = str(error).splitlines()[0]
        raise UserError(f"{url}: needs the package {package} ({reason})") from error
    return kind(parts.hostname, port, model=model, version=version, timeout=timeout)


def _gray(png: bytes) -> np.ndarray:
    """uint8 (H, W). Raises ServingError if it is not an 8-bit gray PNG."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            if image.mode != "L":
                raise ServingError(f"encoded: an answer in mode {image.mode}, not 8-bit gray")
            return np.array(image)
    except (OSError, SyntaxError) as error:
        raise ServingError(f"encoded: an answer that is no PNG ({error})") from error
