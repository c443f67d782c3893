"""Providers by name: what is asked for computes, or one line says why not."""

from dataclasses import replace

import onnxruntime
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail
from PIL import Image

import kerasseg
from kerasseg.commands.main import start
from kerasseg.errors import UserError
from kerasseg.inference.backends import onnx_session
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.inference.backends.providers import (
    CPU,
    PROVIDERS,
    check_providers,
    find_providers,
    node_counts,
)
from tests.inference.small_model import blotches

CUDA, TENSORRT = PROVIDERS["cuda"].full, PROVIDERS["tensorrt"].full


def has(monkeypatch, *installed):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*installed, CPU])


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_row_is_a_provider_that_onnx_runtime_knows(monkeypatch, name):
    full = PROVIDERS[name].full
    assert full in onnxruntime.get_all_providers()
    has(monkeypatch, full)
    assert find_providers([name]) == find_providers([full]) == [full]


@pytest.mark.parametrize("name", sorted(set(PROVIDERS) - {"cpu"}))
def test_what_is_not_installed_is_named_with_the_package_that_brings_it(monkeypatch, name):
    has(monkeypatch, "DmlExecutionProvider")
    with pytest.raises(UserError) as caught:
        find_providers([name])
    (line,) = str(caught.value).splitlines()
    assert line.startswith(
        f"provider {name}: not part of the ONNX Runtime that is installed, which has "
        f"DmlExecutionProvider, cpu; {PROVIDERS[name].source}, in place of that package, "
        "has it"
    )


def test_a_provider_without_a_row_goes_by_its_full_name(monkeypatch):
    has(monkeypatch, "DmlExecutionProvider")
    assert find_providers(["DmlExecutionProvider", "cpu"]) == ["DmlExecutionProvider", CPU]
    with pytest.raises(UserError, match=r"provider QNNExecutionProvider: not part of .*, cpu$"):
        find_providers(["QNNExecutionProvider"])
    with pytest.raises(UserError, match="provider gpu: unknown, allowed: cpu, cuda, tensorrt"):
        find_providers(["gpu"])


def test_tensorrt_leaves_to_cuda_what_it_cannot_compute(monkeypatch):
    has(monkeypatch, TENSORRT, CUDA)
    assert find_providers(["tensorrt"]) == [TENSORRT, CUDA]
    assert find_providers(["tensorrt", "cuda", "cpu"]) == [TENSORRT, CUDA, CPU]
    has(monkeypatch, TENSORRT)
    assert find_providers(["tensorrt"]) == [TENSORRT]


@pytest.mark.parametrize("providers", ["cpu", ["cpu"], (CPU,)])
def test_the_cpu_computes_all_nodes(onnx_file, providers):
    model = kerasseg.load(onnx_file, providers=providers)
    image = blotches(40, 60)
    assert (model.predict(image).labels == OnnxPredictor(onnx_file).predict(image).labels).all()
    assert set(model.nodes) == {CPU}
    assert model.nodes[CPU] > 50


class Session:
    """What a session says of itself: its providers, and the nodes of each."""

    def __init__(self, **nodes):
        self._nodes = nodes

    def get_providers(self):
        return [*self._nodes, CPU]

    def get_provider_graph_assignment_info(self):
        return [Part(name, count) for name, count in self._nodes.items() if count]


class Part:
    def __init__(self, name, count):
        self.ep_name, self._count = name, count

    def get_nodes(self):
        return [None] * self._count


def test_a_provider_that_did_not_start_is_an_error():
    with pytest.raises(UserError, match=r"^provider cuda: installed, but it does not start here"):
        check_providers(Session(), ["cuda"])


def test_a_provider_that_was_given_nothing_is_an_error():
    with pytest.raises(UserError, match=r"^provider cuda: it can compute no part of this model$"):
        check_providers(Session(**{CUDA: 0, TENSORRT: 3}), ["cuda"])
    check_providers(Session(**{CUDA: 3}), ["cuda", "cpu"])
    assert node_counts(Session(**{CUDA: 3})) == {CUDA: 3}


def test_a_session_that_fell_back_is_refused(onnx_file, monkeypatch):
    """ONNX Runtime does so, without a word, where the libraries of a provider are missing."""
    has(monkeypatch, CUDA)
    made = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnx_session.onnxruntime,
        "InferenceSession",
        lambda *args, **named: made(*args, **{**named, "providers": [CPU]}),
    )
    with pytest.raises(UserError, match=r"^provider cuda: installed, but it does not start here"):
        kerasseg.load(onnx_file, providers="cuda")


def test_a_provider_that_fails_later_is_not_replaced(onnx_file):
    model = kerasseg.load(onnx_file, providers="cpu")
    assert not model._file.session._enable_fallback

    class Failing:
        def run(self, *args):
            raise EPFail("out of device memory\nat line 1")

    model._file = replace(model._file, session=Failing())
    with pytest.raises(UserError, match=r"model\.onnx: the provider failed \(out of device memory"):
        model.predict(blotches(8, 8))


@pytest.mark.parametrize("providers", [[], "", ["cpu", 3]])
def test_no_name_at_all(onnx_file, providers):
    with pytest.raises(UserError, match=r"^provider"):
        kerasseg.load(onnx_file, providers=providers)


def test_an_export_is_opened_by_its_onnx_file(export_dir):
    assert type(kerasseg.load(export_dir, providers="cpu")) is OnnxPredictor


def test_what_onnx_runtime_does_not_run_is_refused(run_dir, tmp_path):
    (tmp_path / "saved_model.pb").touch()
    for path, what in (
        (run_dir, "run directory, which export.py turns into one"),
        (tmp_path, "SavedModel"),
    ):
        with pytest.raises(UserError) as caught:
            kerasseg.load(path, providers="cpu")
        assert str(caught.value) == f"provider cpu: needs an .onnx file, {path} is a {what}"


def test_the_commands(onnx_file, run_dir, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(blotches(40, 60)).save("a.png")
    assert start(["predict", str(onnx_file), "a.png", "--out", "out", "--provider", "cpu"]) == 0
    assert capsys.readouterr() == ("out: 1 image\n", "")
    for command, *rest in (["predict", "a.png", "--out", "b"], ["evaluate", "--config", "streets"]):
        for model, provider, message in (
            (onnx_file, "cuda", "provider cuda: not part of the ONNX Runtime"),
            (run_dir, "cuda", "provider cuda: needs an .onnx file"),
            (onnx_file, "gpu", "--provider: found gpu, allowed: cpu, cuda, tensorrt"),
        ):
            with pytest.raises(UserError, match=f"^{message}"):
                start([command, str(model), *rest, "--provider", provider])
    with pytest.raises(UserError, match="label PNGs need no --provider"):
        start(["evaluate", "out", "--config", "streets", "--provider", "cpu"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "out"]


def test_what_other_providers_compute_is_said(onnx_file, tmp_path, monkeypatch, capsys):
    has(monkeypatch, CUDA)
    monkeypatch.setattr(OnnxPredictor, "nodes", {CUDA: 200, CPU: 23})
    monkeypatch.setattr(onnx_session, "check_providers", lambda *args: None)
    monkeypatch.setattr(onnx_session, "find_providers", lambda names: [CPU])
    Image.fromarray(blotches(40, 60)).save(tmp_path / "a.png")
    words = [str(onnx_file), str(tmp_path / "a.png"), "--out", str(tmp_path / "out")]
    assert start(["predict", *words, "--provider", "cuda"]) == 0
    note, _ = capsys.readouterr().out.splitlines()
    assert note == f"note: {CUDA} computes 200 of the 223 nodes of the graph, {CPU} 23"
