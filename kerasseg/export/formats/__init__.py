"""The formats that a run can be exported to: one row each. What is heavy is loaded by `write`."""

from kerasseg.export.formats.artefact import Format
from kerasseg.export.formats.litert import LITERT
from kerasseg.export.formats.onnx import ONNX
from kerasseg.export.formats.onnx_plain import ONNX_PLAIN
from kerasseg.export.formats.savedmodel import SAVEDMODEL
from kerasseg.export.formats.web import WEB

# Name in --formats -> how it is written and checked, in the order in which they are written.
FORMATS: dict[str, Format] = {
    "savedmodel": SAVEDMODEL,
    "onnx": ONNX,
    "onnx_plain": ONNX_PLAIN,
    "litert": LITERT,
    "web": WEB,
}

__all__ = ["FORMATS", "Format"]
