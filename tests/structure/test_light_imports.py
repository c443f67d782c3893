"""What needs no TensorFlow is imported without it: TensorFlow alone takes seconds to load."""

import json
import subprocess
import sys

from tests.structure.source import PROJECT, files, module_name

# All modules of these packages …
PACKAGES = ("config", "labels", "metrics", "streets", "importing", "drawing", "data/readers")
# … and these.
MODULES = {
    "kerasseg",
    "kerasseg.errors",
    "kerasseg.version",
    "kerasseg.files",
    "kerasseg.backend",
    "kerasseg.data.catalog",
    "kerasseg.data.samples",
    "kerasseg.data.label_png",
    "kerasseg.data.verify",
    "kerasseg.runs.description",
    "kerasseg.runs.directory",
    "kerasseg.serving_client.client",
    "kerasseg.inference.open_model",
    "kerasseg.inference.backends.onnx_runtime",
    "kerasseg.commands",
    "kerasseg.commands.parser",
}
KERAS_METRICS = {"kerasseg.metrics.mean_iou"}
CHARTS = {"kerasseg.drawing.charts", "kerasseg.drawing.score_charts"}

_SCRIPT = """
import importlib, json, sys
heavy, loaded = {"tensorflow", "keras", "matplotlib"}, {}
for name in sys.argv[1:]:
    importlib.import_module(name)
    loaded[name] = sorted(heavy & set(sys.modules))
    heavy -= set(sys.modules)
json.dump({name: modules for name, modules in loaded.items() if modules}, sys.stdout)
"""


def test_tensorflow_and_matplotlib_are_loaded_by_what_needs_them_only():
    below = {module_name(path) for path in files(*(f"kerasseg/{name}" for name in PACKAGES))}
    light = (MODULES | below) - KERAS_METRICS - CHARTS
    # The charts come last: what they load would hide that another module loads it.
    result = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *sorted(light), *sorted(CHARTS & below)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {sorted(CHARTS & below)[0]: ["matplotlib"]}
