"""One export and one process of each server for all tests of serving."""

import contextlib

import pytest

from kerasseg.serving_client.client import ServingClient
from tests.serving_client.running_server import TF_SERVING, stand_in, tf_serving
from tests.serving_client.small_export import (
    NAME,
    VERSION,
    Reference,
    mixed_files,
    save_export,
)


@pytest.fixture(scope="session")
def files():
    return mixed_files()


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """The directory that a server is given, with one version in it."""
    folder = tmp_path_factory.mktemp("exports") / NAME
    save_export(folder)
    return folder


@pytest.fixture(scope="session")
def reference(exports):
    with contextlib.closing(Reference(exports / str(VERSION))) as reference:
        yield reference


SERVERS = {"stand-in": stand_in, **({"tf-serving": tf_serving} if TF_SERVING else {})}


@pytest.fixture(scope="session", params=SERVERS)
def server(request, exports):
    with SERVERS[request.param](exports) as address:
        yield address


@pytest.fixture(params=["http", "grpc"])
def client(request, server, exports):
    """A client of the server over each protocol."""
    url = getattr(server, request.param)
    with ServingClient(url, model=NAME) as client:
        yield client


@pytest.fixture
def grpc_client(server):
    with ServingClient(server.grpc, model=NAME) as client:
        yield client
