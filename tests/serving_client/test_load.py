"""Many clients at once: every answer is the right one, and what is not answered is told apart."""

import json
import socket

import grpc
import pytest

from kerasseg.serving_client.client import EncodedAnswer, ServingClient
from kerasseg.serving_client.grpc_channel import GrpcChannel
from tests.programs import PROJECT, run_program
from tests.serving_client.small_export import NAME

# Fewer places than docs/serving/batching.config has, so that 64 clients find none.
BATCHING = """
max_batch_size { value: 1 }
num_batch_threads { value: 1 }
max_enqueued_batches { value: 1 }
"""


@pytest.fixture
def serving_load(monkeypatch):
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    import serving_load

    return serving_load


def test_every_answer_under_load_is_the_right_one(exports, files, tmp_path):
    for number, file in enumerate(files):
        (tmp_path / f"{number}.png").write_bytes(file)
    figures, batching = tmp_path / "load.json", tmp_path / "batching.config"
    batching.write_text(BATCHING)
    done = run_program(
        [PROJECT / "benchmarks" / "serving_load.py", exports, tmp_path, "--batching", batching,
         "--clients", "64", "--seconds", "2", "--retries", "2", "--json", figures],
        folder=PROJECT, fork_children=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text())
    assert found["answered"] > 0
    # Each client sends at least one image in each half of the time.
    assert found["answered"] + found["given_up"] >= 2 * 64
    assert (found["wrong"], found["failed"], found["timed_out"]) == (0, 0, 0)
    assert found["told_to_wait"] > 0
    memory = found["server_mib"]
    assert memory["end"] < memory["half"] + 50


def test_another_answer_is_wrong(serving_load, client, files):
    (right,) = client.encoded(files[:1])
    labels = right.labels.copy()
    labels[0, 0] ^= 1
    tally = serving_load.Tally()
    for answer in (right, EncodedAnswer(labels, right.uncertainty)):
        serving_load.send(client, files[0], answer, tally, retries=0)
    assert (len(tally.seconds), tally.wrong) == (2, 1)


def test_what_was_not_answered_is_told_apart(serving_load, server, files):
    tally = serving_load.Tally()

    def send(url, model=NAME):
        with ServingClient(url, model=model, timeout=0.2, retries=0) as client:
            serving_load.send(client, files[0], None, tally, retries=1)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        send(url)
    assert tally.timed_out == 1
    send(url)  # nobody listens any more
    assert (tally.told_to_wait, tally.given_up) == (2, 1)
    send(server.http, model="another")
    assert len(tally.failed) == 1
    assert "Servable not found" in tally.failed[0]
    assert (tally.timed_out, tally.given_up, tally.wrong, tally.seconds) == (1, 1, 0, [])


def test_a_deadline_over_grpc_is_a_timeout(serving_load, files):
    class Silent:
        def encoded(self, images):
            return [GrpcChannel("127.0.0.1", 1, timeout=0.1).call(never, None)]

    def never(request, timeout):
        raise DeadlineError

    tally = serving_load.Tally()
    serving_load.send(Silent(), files[0], None, tally, retries=0)
    assert tally.timed_out == 1


class DeadlineError(grpc.RpcError):
    def code(self):
        return grpc.StatusCode.DEADLINE_EXCEEDED

    def details(self):
        return "Deadline Exceeded"
