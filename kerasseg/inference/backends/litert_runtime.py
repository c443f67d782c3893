"""An exported `model.tflite` in LiteRT: no TensorFlow, no Keras."""

import threading
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, SignatureRunner

from kerasseg.backend import stderr_held
from kerasseg.errors import UserError
from kerasseg.inference.fixed_size import NET_OUTPUTS, FixedSizePredictor, NetAnswers
from kerasseg.runs.description import ModelDescription

METADATA = "kerasseg"  # name of the entry of the file that holds the description


class LiteRTPredictor(FixedSizePredictor):
    """A `.tflite` file that `export.py` wrote, on the CPU."""

    def __init__(self, path: Path, *, threads: int | None = None):
        """threads: of one pass; None: LiteRT's own choice.

        Raises UserError for a file that is no LiteRT model, or none of this project.
        """
        path = Path(path)
        if not path.is_file():
            raise UserError(f"{path}: no such file")
        content = path.read_bytes()
        try:
            with stderr_held():  # it names its delegate each time
                interpreter = Interpreter(model_content=content, num_threads=threads)
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise UserError(f"{path}: not a LiteRT model that can be run ({reason})") from None
        text = read_metadata(content)
        signatures = interpreter.get_signature_list()
        outputs = signatures.get("serving_default", {}).get("outputs", [])
        if text is None or not set(NET_OUTPUTS) <= set(outputs):
            what = f'no metadata "{METADATA}"' if text is None else f"outputs {outputs}"
            raise UserError(f"{path}: a LiteRT model, but not one that export.py wrote ({what})")
        description = ModelDescription.from_text(text, source=f"{path}: metadata")
        self._runner: SignatureRunner = interpreter.get_signature_runner("serving_default")
        self._lock = threading.Lock()  # an interpreter has one set of tensors
        _, height, width, _ = self._runner.get_input_details()["image"]["shape"]
        super().__init__(description, size=(int(height), int(width)))

    def net(self, image: np.ndarray) -> NetAnswers:
        with self._lock:
            answers = self._runner(image=image[None])
        logits, spread = (self._values(name, answers[name][0]) for name in NET_OUTPUTS)
        return np.ascontiguousarray(np.moveaxis(logits, -1, 0)), spread[..., 0]

    def _values(self, name: str, values: np.ndarray) -> np.ndarray:
        # A model in integers says in which steps; (0, 0) of one that is not.
        step, zero = self._runner.get_output_details()[name]["quantization"]
        if step:
            values = (values.astype(np.float32) - np.float32(zero)) * np.float32(step)
        return values


def read_metadata(content: bytes) -> str | None:
    """The text that `export.py` put into a `.tflite` file, None if there is none."""
    model = schema.Model.GetRootAs(content, 0)
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        if entry.Name() == METADATA.encode():
            return bytes(model.Buffers(entry.Buffer()).DataAsNumpy()).decode()
    return None


def operators(content: bytes) -> list[str]:
    """Names of the operators in a `.tflite` file, sorted; of one that LiteRT has no kernel for, the
    name that it is registered by, such as FlexConv2D."""
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()}
    model = schema.Model.GetRootAs(content, 0)
    found = set()
    for index in range(model.OperatorCodesLength()):
        code = model.OperatorCodes(index)
        # Old codes are in a field of eight bits.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        custom = code.CustomCode()
        found.add(custom.decode() if custom else names[number])
    return sorted(found)
