"""One data set of noise, as files and packed in one go; read only."""

import pytest

from tests.data.packed.packed_data import draw_files, pack_files


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    return draw_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def packed(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    pack_files(files, folder / "out", cache=folder / "cache")
    return folder / "out"
