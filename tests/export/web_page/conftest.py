"""The page of the small export, in Chromium."""

import pytest

from kerasseg.inference.backends.onnx_runtime import PlainOnnxPredictor
from tests.export.web_page.browser import Browser, find_chromium, serve


@pytest.fixture(scope="session")
def address(exported, runtime):
    """Of the page, on a server of static files."""
    if not runtime:
        pytest.skip("needs onnxruntime-web: make web")
    with serve(exported / "web") as address:
        yield address


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    if find_chromium() is None:
        pytest.skip("needs Chromium")
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def loaded(browser, address):
    """The browser with the page, its model loaded."""
    browser.open_page(address)
    return browser


@pytest.fixture(scope="session")
def predictor(exported):
    return PlainOnnxPredictor(exported / "web" / "model.onnx")


@pytest.fixture(scope="session")
def street(samples):
    """uint8 (256, 512, 3): twice the size that the net sees."""
    (image,) = samples.images(1)
    return image
