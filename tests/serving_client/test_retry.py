"""What is tried again and what is not, against servers that are not well."""

import contextlib
import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from tensorflow_serving.apis import prediction_service_pb2_grpc

from kerasseg.serving_client import retry
from kerasseg.serving_client.client import ServingClient
from kerasseg.serving_client.retry import (
    RequestRefused,
    ServerUnavailable,
    ServingError,
    with_retries,
)
from tests.serving_client.running_server import free_port
from tests.serving_client.small_export import NAME

DROP = "drop"  # the connection ends without a word


def failing(failures, error=ServerUnavailable):
    """A call that fails so many times and then answers with the number of calls."""
    calls = []

    def call():
        calls.append(None)
        if len(calls) <= failures:
            raise error("no")
        return len(calls)

    return call, calls


@pytest.fixture
def waits(monkeypatch):
    slept = []
    monkeypatch.setattr(retry.time, "sleep", slept.append)
    return slept


def test_waits_double_up_to_five_seconds(waits):
    call, _ = failing(7)
    assert with_retries(call, retries=7, first_wait=0.2) == 8
    for wait, most in zip(waits, (0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0), strict=True):
        assert most / 2 <= wait <= most


def test_the_last_failure_is_raised_when_the_retries_are_used_up(waits):
    call, calls = failing(3)
    with pytest.raises(ServerUnavailable):
        with_retries(call, retries=2, first_wait=0.1)
    assert (len(calls), len(waits)) == (3, 2)


@pytest.mark.parametrize("error", [RequestRefused, ServingError])
def test_nothing_else_is_tried_again(waits, error):
    call, calls = failing(1, error)
    with pytest.raises(error):
        with_retries(call, retries=5, first_wait=0.1)
    assert (len(calls), waits) == (1, [])


class Gate(BaseHTTPRequestHandler):
    """Fails as it is told, call by call, then hands on to the server behind it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls += 1
        trouble = self.server.troubles.pop(0) if self.server.troubles else None
        if trouble == DROP:
            return
        if trouble:
            self.send_response(trouble)
            self.end_headers()
            return
        behind = http.client.HTTPConnection(self.server.behind.removeprefix("http://"))
        with contextlib.closing(behind):
            behind.request("POST", self.path, body)
            answer = behind.getresponse()
            data = answer.read()
        self.send_response(answer.status)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Silent."""


@contextlib.contextmanager
def http_gate(behind, troubles, *, port=0):
    """(url, the server, which counts its `calls`)"""
    with ThreadingHTTPServer(("127.0.0.1", port), Gate) as gate:
        gate.behind, gate.troubles, gate.calls = behind, list(troubles), 0
        thread = threading.Thread(target=gate.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{gate.server_port}", gate
        finally:
            gate.shutdown()
            thread.join()


class GrpcGate(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, behind, troubles):
        self.behind, self.troubles, self.calls = behind, list(troubles), 0

    def Predict(self, request, context):
        self.calls += 1
        if self.troubles:
            context.abort(self.troubles.pop(0), "not now")
        with grpc.insecure_channel(self.behind.removeprefix("grpc://")) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            try:
                return stub.Predict(request)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())


@contextlib.contextmanager
def grpc_gate(behind, troubles, *, port=0):
    """As http_gate."""
    gate = GrpcGate(behind, troubles)
    server = grpc.server(ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(gate, server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}", gate
    finally:
        server.stop(0).wait()


GATES = {"http": http_gate, "grpc": grpc_gate}
UNAVAILABLE, EXHAUSTED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED
TROUBLES = {"http": [503, 429, DROP], "grpc": [UNAVAILABLE, EXHAUSTED, UNAVAILABLE]}


def eager_client(url, **options):
    return ServingClient(url, model=NAME,
                         **{"first_wait": 0.01, **options})  # fmt: skip


@pytest.mark.parametrize("protocol", GATES)
def test_a_server_that_is_unavailable_at_first(server, files, protocol):
    with GATES[protocol](getattr(server, protocol), TROUBLES[protocol]) as (url, gate):
        with eager_client(url, retries=3) as client:
            assert len(client.encoded(files)) == len(files)
        assert gate.calls == 4


@pytest.mark.parametrize("protocol", GATES)
def test_a_server_that_stays_unavailable(server, files, protocol):
    with GATES[protocol](getattr(server, protocol), TROUBLES[protocol]) as (url, gate):
        with eager_client(url, retries=1) as client, pytest.raises(ServerUnavailable):
            client.encoded(files)
        assert gate.calls == 2


@pytest.mark.parametrize("protocol", GATES)
def test_a_refused_image_is_sent_once(server, protocol):
    with GATES[protocol](getattr(server, protocol), []) as (url, gate):
        with eager_client(url, retries=5) as client, pytest.raises(RequestRefused):
            client.encoded([b"no image"])
        assert gate.calls == 1


@pytest.mark.parametrize("protocol", GATES)
def test_a_server_that_is_not_up_yet(server, files, protocol):
    port = free_port()
    with eager_client(f"{protocol}://127.0.0.1:{port}", retries=8, first_wait=0.2) as client:
        assert not client.ready()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(client.encoded, files)
            with pytest.raises(TimeoutError):
                answer.result(timeout=0.5)
            with GATES[protocol](getattr(server, protocol), [], port=port):
                assert len(answer.result(timeout=30)) == len(files)


@pytest.mark.parametrize("protocol", GATES)
def test_nobody_there(protocol):
    url = f"{protocol}://127.0.0.1:{free_port()}"
    with eager_client(url, retries=2) as client:
        assert not client.ready()
        with pytest.raises(ServerUnavailable, match=url):
            client.encoded([b""])


@pytest.mark.parametrize("protocol", GATES)
def test_a_server_that_never_answers_is_asked_once(protocol):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"{protocol}://127.0.0.1:{listener.getsockname()[1]}"
        with eager_client(url, timeout=0.3) as client:
            with pytest.raises(ServingError, match=r"no answer in 0\.3 s") as caught:
                client.encoded([b""])
            assert type(caught.value) is ServingError
