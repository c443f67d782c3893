"""The folder of the page, and what is said where onnxruntime-web is missing."""

import json
import re

import pytest

from kerasseg.errors import UserError
from kerasseg.export.formats import web
from tests.export.untrained import export_small, make_runtime


def test_the_folder_holds_all_that_the_page_asks_for(exported):
    folder = exported / "web"
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in web.PAGE.iterdir()} | {
        "model.onnx", "labels.json", "onnxruntime-web.js", "onnxruntime-web.wasm",
    }  # fmt: skip
    asked = r"""(?:src|href|from|fetched\()\s*=?\s*"(?!data:)(?:\./)?([^"]+)\""""
    files = (folder / "index.html", *folder.glob("*.js"))
    found = {name for file in files if "onnx" not in file.name
             for name in re.findall(asked, file.read_text())}  # fmt: skip
    assert len(found) >= 7
    assert found <= names
    assert (folder / "model.onnx").read_bytes() == (exported / "model.plain.onnx").read_bytes()
    described = json.loads((folder / "labels.json").read_text())
    assert described["plain_input"]["size"] == [128, 256]
    assert "Microsoft" in (folder / "onnxruntime-web.LICENSE.txt").read_text()


@pytest.mark.parametrize("page", sorted(web.PAGE.iterdir()), ids=lambda path: path.name)
def test_the_page_names_no_other_place(page):
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page.read_text())
    assert page.name.endswith("LICENSE.txt") or addresses == []


def test_it_is_found_in_node_modules_of_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(web.VARIABLE, raising=False)
    make_runtime(tmp_path / "node_modules" / "onnxruntime-web")
    files = web.find_runtime()
    assert sorted(files) == ["onnxruntime-web.js", "onnxruntime-web.wasm"]
    assert all(path.is_file() for path in files.values())


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda folder: None, "onnxruntime-web: no such package"),
        (lambda folder: make_runtime(folder, version="1.2.3"), "found version 1.2.3, allowed: 1."),
        (
            lambda folder: (make_runtime(folder) / "dist" / "ort.wasm.bundle.min.mjs").unlink(),
            "ort.wasm.bundle.min.mjs: missing",
        ),
        (
            lambda folder: (make_runtime(folder) / "package.json").write_text("[]"),
            "onnxruntime-web: no such package",
        ),
    ],
)
def test_what_is_missing_is_one_line_with_the_command_that_brings_it(
    change, found, tmp_path, monkeypatch
):
    folder = tmp_path / "onnxruntime-web"
    change(folder)
    monkeypatch.setenv(web.VARIABLE, str(folder))
    with pytest.raises(UserError) as caught:
        web.find_runtime()
    (line,) = str(caught.value).splitlines()
    assert found in line
    assert f"`npm install onnxruntime-web@{web.VERSION}` in the current folder" in line


def test_a_package_that_goes_missing_leaves_nothing(run_dir, samples, tmp_path, monkeypatch):
    monkeypatch.setenv(web.VARIABLE, str(tmp_path / "none"))
    with pytest.raises(UserError, match="npm install"):
        export_small(run_dir, samples, tmp_path / "out", formats=("web",))
    assert not (tmp_path / "out").exists()
