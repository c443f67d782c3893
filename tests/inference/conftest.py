"""The small model in each form that a predictor opens, made once."""

import pytest

from tests.inference.small_model import small_graph, write_export, write_onnx, write_run


@pytest.fixture(scope="session")
def graph():
    return small_graph()


@pytest.fixture(scope="session")
def onnx_file(graph, tmp_path_factory):
    return write_onnx(tmp_path_factory.mktemp("onnx") / "model.onnx", graph)


@pytest.fixture(scope="session")
def export_dir(graph, onnx_file, tmp_path_factory):
    return write_export(tmp_path_factory.mktemp("exports") / "small", graph, onnx_file)


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "small")
