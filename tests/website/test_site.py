"""The documentation as a site: built without a warning, whole, loading nothing from elsewhere."""

import importlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from kerasseg.config.words import SETTINGS
from kerasseg.export.formats import web
from tests.export.untrained import make_runtime

PROJECT = Path(__file__).resolve().parents[2]


class Loaded(HTMLParser):
    """Addresses of scripts, styles and pictures of a page; its text."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag in ("img", "script", "iframe", "source"):
            self.addresses.append(attributes.get("src") or "")
        if tag == "link" and attributes.get("rel") in ("stylesheet", "icon"):
            self.addresses.append(attributes["href"] or "")

    def handle_data(self, data):
        self.text += data


def read(path: Path) -> Loaded:
    page = Loaded()
    page.feed(path.read_text(encoding="utf-8"))
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    runtime = make_runtime(tmp_path_factory.mktemp("npm") / web.PACKAGE)  # no npm is needed
    line = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    done = subprocess.run(
        list(map(str, line)),
        cwd=PROJECT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", web.VARIABLE: str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_document_is_a_page(site):
    documents = {p.relative_to(PROJECT / "docs") for p in (PROJECT / "docs").rglob("*.md")}
    assert documents
    for document in documents:
        assert (site / document.with_suffix(".html")).is_file(), document
    for name in ("changelog", "contributing", "security"):
        assert (site / f"{name}.html").is_file()


def test_pages_load_nothing_from_elsewhere(site):
    for path in sorted(site.rglob("*.html")):
        page = read(path)
        assert page.addresses
        for address in page.addresses:
            assert not re.match(r"(https?:)?//", address), f"{path.name} loads {address}"


def test_the_first_page_shows_the_result_and_links_within_the_site(site):
    page = read(site / "index.html")
    assert "images/result.png" in page.addresses
    assert (site / "images" / "result.png").is_file()
    html = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="recipes.html"' in html
    assert "docs/recipes" not in html


def test_a_file_that_a_page_links_to_is_there(site):
    html = (site / "scaling.html").read_text(encoding="utf-8")
    assert 'href="files/examples/predict_many.py"' in html
    copied = site / "files" / "examples" / "predict_many.py"
    assert copied.read_bytes() == (PROJECT / "examples" / "predict_many.py").read_bytes()


def test_every_setting_is_on_the_page_of_settings(site):
    html = (site / "settings.html").read_text(encoding="utf-8")
    for name in SETTINGS:
        assert f"<code>{name}</code>" in html, name
    assert "runs/&lt;name&gt;" in html


def test_the_site_has_the_page_with_a_model(site):
    assert "demo/index.html" in read(site / "try.html").addresses
    demo = site / "demo"
    copied = {path.name for path in demo.iterdir()}
    assert copied >= {path.name for path in web.PAGE.iterdir()}
    described = json.loads((demo / "labels.json").read_text())
    assert {"model.onnx", "labels.json", *described["examples"]} <= copied


@pytest.mark.parametrize("module", ["kerasseg", "kerasseg.models", "kerasseg.losses"])
def test_every_public_name_is_in_the_reference(site, module):
    text = read(site / "reference.html").text
    public = importlib.import_module(module)
    names = [n for n in public.__all__ if callable(getattr(public, n))]
    assert names
    for name in names:
        assert f"{module}.{name}" in text


def test_the_menu_names_every_page_but_tables():
    class Loader(yaml.SafeLoader):
        """Leaves Python's objects alone."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    config = yaml.load((PROJECT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)

    def pages(entry):
        if isinstance(entry, str):
            return [entry]
        inner = entry.values() if isinstance(entry, dict) else entry
        return [page for part in inner for page in pages(part)]

    listed = pages(config["nav"])
    assert len(listed) == len(set(listed))
    assert {p.name for p in (PROJECT / "docs").glob("*.md")} < set(listed)
