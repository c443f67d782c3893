"""A server that is trusted, and an empty cache folder."""

import pytest

from tests.hub.made_zips import HARMLESS
from tests.hub.tls_server import serving, trust


@pytest.fixture(scope="session")
def server():
    with serving() as server:
        server.files["/model.zip"] = HARMLESS
        yield server


@pytest.fixture
def cache(tmp_path, monkeypatch):
    trust(monkeypatch, tmp_path / "cache")
    return tmp_path / "cache"
