"""Servers that answer for an export: the stand-in, and TF Serving where it is installed."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kerasseg.serving_client.client import ServingClient

TF_SERVING = shutil.which("tensorflow_model_server")  # None on most machines
# TensorFlow imports Keras where it can: here it cannot, the file needs none.
_START = """
import sys
sys.modules["keras"] = None
sys.path[0] = sys.argv[1]
from model_server import main
main(*sys.argv[2:])
"""


@dataclass(frozen=True)
class Address:
    """Where a server listens, and what it said when it started (empty for TF Serving itself)."""

    http: str
    grpc: str
    said: dict


@contextlib.contextmanager
def stand_in(exports, *, batching=None):
    """A process of its own, away from this project. batching: its --batching_parameters_file."""
    command = [sys.executable, "-c", _START, Path(__file__).parent, exports.name, exports]
    command += [] if batching is None else [batching]
    pipe = subprocess.PIPE
    with subprocess.Popen([*map(str, command)], cwd=exports, stdin=pipe, stdout=pipe) as process:
        said = json.loads(process.stdout.readline())
        host = "127.0.0.1"
        try:
            yield Address(f"http://{host}:{said['rest']}", f"grpc://{host}:{said['grpc']}", said)
        finally:
            process.stdin.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def tf_serving(exports):
    """The real thing."""
    grpc_port, rest_port = free_port(), free_port()
    command = [TF_SERVING, f"--port={grpc_port}", f"--rest_api_port={rest_port}",
               f"--model_name={exports.name}", f"--model_base_path={exports}"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = Address(f"http://127.0.0.1:{rest_port}", f"grpc://127.0.0.1:{grpc_port}", {})
        client = ServingClient(address.http, model=exports.name)
        deadline = time.monotonic() + 60
        while not client.ready():
            assert process.poll() is None, "tensorflow_model_server ended"
            assert time.monotonic() < deadline, "tensorflow_model_server is not ready"
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()
