"""`kserve://`: the client, and Triton's own, against a server that speaks the official protos."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.serving_client.client import (
    RequestRefused,
    ServerUnavailable,
    ServingClient,
    ServingError,
    VersionStatus,
)
from tests.inference.small_model import blotches, small_graph, write_onnx

triton = pytest.importorskip("tritonclient.grpc", exc_type=ImportError)
NAMES = ("labels", "confidence", "uncertainty")


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    return write_onnx(tmp_path_factory.mktemp("onnx") / "model.onnx", small_graph())


@pytest.fixture(scope="module")
def server(onnx_file):
    from tests.serving_client.kserve_server import serving

    with serving("small", onnx_file) as (server, address):
        server.address = address
        yield server


@pytest.fixture
def client(server):
    server.versions, server.raw, server.full = ["1"], True, 0
    url = f"kserve://{server.address}"
    with ServingClient(url, model="small", first_wait=0.01, retries=2) as client:
        yield client


@pytest.fixture(scope="module")
def expected(onnx_file):
    predictor = OnnxPredictor(onnx_file)
    return lambda images: predictor.compute(images)


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
def test_it_answers_as_the_file_does(client, server, expected, raw):
    server.raw = raw
    for images in (blotches(40, 61)[None], np.stack([blotches(33, 20, seed=s) for s in (1, 2)])):
        found = client.predict(images)
        for name in NAMES:
            values = getattr(found, name)
            assert values.dtype == (np.uint8 if name == "labels" else np.float32)
            np.testing.assert_array_equal(values, expected(images)[name])
        means = expected(images)["uncertainty"].mean(axis=(1, 2))
        np.testing.assert_allclose(found.image_uncertainty, means, atol=1e-5)
    one = client.predict(images[0])
    np.testing.assert_array_equal(one.labels, found.labels[0])


def test_triton_s_own_client_gets_the_same_of_this_server(server, expected, client):
    image = blotches(31, 50)[None]
    asked = triton.InferInput("image", image.shape, "UINT8")
    asked.set_data_from_numpy(image)
    own = triton.InferenceServerClient(server.address)
    try:
        outputs = [triton.InferRequestedOutput(name) for name in NAMES]
        answer = own.infer("small", [asked], outputs=outputs)
        assert own.get_model_metadata("small").inputs[0].datatype == "UINT8"
    finally:
        own.close()
    theirs = server.asked[-1]
    client.predict(image)
    assert theirs.raw_input_contents == server.asked[-1].raw_input_contents
    assert theirs.inputs == server.asked[-1].inputs
    for name in NAMES:
        np.testing.assert_array_equal(answer.as_numpy(name), expected(image)[name])


def test_the_lines_of_the_page(server, capsys):
    page = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"```python\n(from kerasseg.*?kserve://.*?)```", page, re.S)
    lines = lines.replace("localhost:8001", server.address).replace("streets", "small")
    exec(lines, {"image": blotches(40, 56)})
    assert capsys.readouterr().out.startswith("(40, 56) 0.")


def test_versions(client, server):
    assert client.ready()
    assert client.status() == (VersionStatus(1, "AVAILABLE", ""),)
    server.versions = ["1", "2"]
    assert [(s.version, s.state) for s in client.status()] == [(2, "AVAILABLE"), (1, "UNKNOWN")]
    with ServingClient(f"kserve://{server.address}", model="small", version=2) as newest:
        newest.predict(blotches(8, 8))
    assert server.asked[-1].model_version == "2"


def test_what_is_refused(client, server):
    with ServingClient(f"kserve://{server.address}", model="other") as other:
        with pytest.raises(ServingError, match="NOT_FOUND: unknown model 'other'"):
            other.predict(blotches(8, 8))
        assert not other.ready()
    with pytest.raises(RequestRefused, match="INVALID_ARGUMENT: unexpected 'image'"):
        client._transport.predict(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(UserError, match="encoded: not part of what KServe's API serves"):
        ServingClient(f"kserve://{server.address}", model="m").encoded([b""])


def test_a_full_server_is_asked_again(client, server):
    server.full = 2
    client.predict(blotches(8, 8))
    server.full = 3
    with pytest.raises(ServerUnavailable, match="UNAVAILABLE: Exceeds maximum queue size"):
        client.predict(blotches(8, 8))


def test_answers_that_cannot_be_used(client, server, monkeypatch):
    from tritonclient.grpc.service_pb2 import ModelInferResponse

    bad = (("FP64", [1], b"1"), ("UINT8", [2], b"1"), ("UINT8", [1, -3], b""))
    for datatype, shape, raw in bad:
        answer = ModelInferResponse(raw_output_contents=[raw])
        answer.outputs.add(name="labels", datatype=datatype, shape=shape)
        monkeypatch.setattr(client._transport._channel, "call", lambda *args, a=answer: a)
        with pytest.raises(ServingError, match=r"^grpc://.*: not an answer|no output"):
            client.predict(blotches(8, 8))


def test_without_its_package(monkeypatch):
    monkeypatch.delitem(sys.modules, "kerasseg.serving_client.kserve_transport", raising=False)
    monkeypatch.setitem(sys.modules, "tritonclient.grpc", None)
    with pytest.raises(UserError, match=r"^kserve://host: needs the package tritonclient\[grpc\]"):
        ServingClient("kserve://host", model="m")
