"""The client before it sends anything, and answers that no model server gives."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.serving_client.client import ServingClient
from kerasseg.serving_client.http_transport import HttpTransport
from kerasseg.serving_client.retry import RequestRefused, ServerUnavailable, ServingError


def test_the_module_pulls_in_neither_tensorflow_nor_grpc():
    script = (
        "import sys; from kerasseg.serving_client.client import ServingClient\n"
        "ServingClient('http://localhost:1', model='m')\n"
        "print({m.split('.')[0] for m in sys.modules}"
        " & {'tensorflow', 'tensorflow_serving', 'keras', 'grpc', 'google', 'onnxruntime'})"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "url",
    ["localhost:8501", "https://host", "http://", "http://host:port", "http://host:99999",
     "http://host/v1", "grpc://host?x=1", "http://me@host", "", "grpc:host:8500"],
)  # fmt: skip
def test_an_address_that_is_none(url):
    with pytest.raises(UserError, match="must be http://HOST") as caught:
        ServingClient(url, model="m")
    assert str(caught.value).startswith(f"{url}: ")


def test_grpc_without_its_package(monkeypatch):
    monkeypatch.delitem(sys.modules, "kerasseg.serving_client.grpc_transport", raising=False)
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(UserError, match="needs the package tensorflow-serving-api"):
        ServingClient("grpc://host", model="m")


def png(mode):
    stream = io.BytesIO()
    Image.new(mode, (3, 2)).save(stream, "PNG")
    return stream.getvalue()


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


def row(labels=None, uncertainty=None):
    return {
        "labels_png_bytes": b64(labels or png("L")),
        "uncertainty_png_bytes": b64(uncertainty or png("L")),
    }


@pytest.fixture
def answering(monkeypatch):
    """A client whose server answers every call with the given status and body."""

    def client(status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        monkeypatch.setattr(HttpTransport, "_exchange", lambda *_: (status, data))
        return ServingClient("http://host", model="m", retries=0)

    return client


def test_the_answer_of_these_tests_is_a_good_one_as_it_stands(answering):
    (answer,) = answering(200, {"predictions": [row()]}).encoded([b"?"])
    assert answer.labels.shape == answer.uncertainty.shape == (2, 3)
    assert not np.any(answer.labels)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (400, {"error": "bad image"}, RequestRefused, "400: bad image"),
        (404, {"error": "no model"}, ServingError, "404: no model"),
        (429, {"error": "full"}, ServerUnavailable, "429: full"),
        (500, b"<html>oh no", ServingError, "500: .*oh no"),
        (503, b"", ServerUnavailable, "503"),
        (200, b"no JSON", ServingError, "no JSON"),
        (200, [1], ServingError, "200"),
        (200, {"predictions": 3}, ServingError, "not an answer of `encoded`"),
        (200, {"predictions": [{"labels_png_bytes": b64(b"")}]}, ServingError, "not an answer"),
        (200, {"predictions": [row(), row()]}, ServingError, "2 answers to 1 image"),
        (200, {"predictions": [row(labels=b"x")]}, ServingError, "no PNG"),
        (200, {"predictions": [row(labels=png("L")[:45])]}, ServingError, "no PNG"),
        (200, {"predictions": [row(uncertainty=png("RGB"))]}, ServingError, "mode RGB"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_used(answering, status, body, kind, said):
    with pytest.raises(ServingError, match=said) as caught:
        answering(status, body).encoded([b"?"])
    assert type(caught.value) is kind


def test_a_status_that_is_none(answering):
    with pytest.raises(ServingError, match="not a model status"):
        answering(200, {}).status()
    assert not answering(200, {}).ready()


def test_a_model_that_still_loads_is_not_ready(answering):
    rows = [
        {"version": "1", "state": "END", "status": {}},
        {"version": "2", "state": "LOADING", "status": {"error_message": ""}},
    ]
    client = answering(200, {"model_version_status": rows})
    assert [(s.version, s.state) for s in client.status()] == [(2, "LOADING"), (1, "END")]
    assert not client.ready()


def test_photos_are_turned_before_they_are_sent(answering, monkeypatch):
    client = answering(200, {"predictions": [row(), row()]})
    sent = []
    answer = client._transport.encoded
    monkeypatch.setattr(
        client._transport, "encoded", lambda rows: sent.extend(rows) or answer(rows)
    )
    stream, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (3, 2)).save(stream, "PNG", exif=exif)
    client.encoded([stream.getvalue(), png("RGB")])
    assert Image.open(io.BytesIO(sent[0])).size == (2, 3)
    assert sent[1] == png("RGB")
