"""TF Serving's REST API, with the standard library alone.

Format: https://www.tensorflow.org/tfx/serving/api_rest. A connection per call: next to an image
its cost is nothing, and any number of threads may call.
"""

import base64
import http.client
import json
from collections.abc import Sequence
from urllib.parse import quote

import numpy as np

from kerasseg.errors import UserError
from kerasseg.serving_client.retry import RequestRefused, ServerUnavailable, ServingError

_REFUSED = 400  # InvalidArgument, FailedPrecondition, OutOfRange
_TRY_AGAIN = {429, 503}  # ResourceExhausted, Unavailable


class HttpTransport:
    """One model at one address. version: None for the newest. timeout: seconds a call."""

    def __init__(self, host: str, port: int, *, model: str, version: int | None, timeout: float):
        self._address, self._timeout = (host, port), timeout
        self._name = f"http://{host}:{port}"
        self._path = f"/v1/models/{quote(model, safe='')}"
        if version is not None:
            self._path += f"/versions/{version}"

    def encoded(self, images: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """PNG or JPEG files to (labels PNG, uncertainty PNG) of each."""
        instances = [{"b64": base64.b64encode(image).decode("ascii")} for image in images]
        answer = self._call(
            "POST", ":predict", {"signature_name": "encoded", "instances": instances}
        )
        try:
            return [
                (
                    base64.b64decode(row["labels_png_bytes"]["b64"], validate=True),
                    base64.b64decode(row["uncertainty_png_bytes"]["b64"], validate=True),
                )
                for row in answer["predictions"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise ServingError(f"{self._name}: not an answer of `encoded` ({error!r})") from error

    def predict(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Raises UserError: as JSON, the digits of one large image are tens of megabytes."""
        raise UserError(f"{self._name}: predict needs a grpc:// client; over http use encoded")

    def versions(self) -> list[tuple[int, str, str]]:
        """(number, state, error message) of each version that the server knows."""
        answer = self._call("GET", "", None)
        try:
            return [
                (int(row["version"]), row["state"], row["status"].get("error_message", ""))
                for row in answer["model_version_status"]
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ServingError(f"{self._name}: not a model status ({error!r})") from error

    def close(self) -> None:
        """Nothing is held open."""

    def _call(self, method: str, verb: str, document: dict | None) -> dict:
        status, body = self._exchange(method, self._path + verb, document)
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if status == 200 and isinstance(answer, dict):
            return answer
        said = answer.get("error") if isinstance(answer, dict) else None
        message = f"{self._name}: HTTP status {status}: {said or repr(body[:200])}"
        if status == _REFUSED:
            raise RequestRefused(message)
        raise (ServerUnavailable if status in _TRY_AGAIN else ServingError)(message)

    def _exchange(self, method: str, path: str, document: dict | None) -> tuple[int, bytes]:
        body = None if document is None else json.dumps(document).encode("ascii")
        connection = http.client.HTTPConnection(*self._address, timeout=self._timeout)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise ServerUnavailable(f"{self._name}: no connection ({error})") from error
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        except TimeoutError as error:
            raise ServingError(f"{self._name}: no answer in {self._timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            # The same image twice does no harm: a connection lost in mid-answer is tried again.
            raise ServerUnavailable(f"{self._name}: connection lost ({error!r})") from error
        finally:
            connection.close()
