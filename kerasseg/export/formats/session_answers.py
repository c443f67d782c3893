"""A SavedModel in a process of its own, run as TF Serving runs it: by a version-1 session.

`python -m kerasseg.export.formats.session_answers DIR` reads images from its standard input and
writes answers to its standard output. It imports TensorFlow, nothing of the model's code, and so
shows that the file needs none.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np


def write_arrays(stream: IO[bytes], arrays: dict[str, np.ndarray]) -> None:
    """A line of JSON with names, types and shapes, then the bytes."""
    head = {name: (a.dtype.str, a.shape) for name, a in arrays.items()}
    stream.write(json.dumps(head).encode() + b"\n")
    for array in arrays.values():
        stream.write(np.ascontiguousarray(array).tobytes())
    stream.flush()


def read_arrays(stream: IO[bytes]) -> dict[str, np.ndarray] | None:
    """What `write_arrays` wrote, or None at the end of the stream."""
    line = stream.readline()
    if not line:
        return None
    arrays = {}
    for name, (dtype, shape) in json.loads(line).items():
        kind = np.dtype(dtype)
        size = kind.itemsize * int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(stream.read(size), kind).reshape(shape)
    return arrays


class SessionAnswers:
    """Context manager: callable uint8 (B, H, W, 3) -> `serving_default`'s outputs by name."""

    def __init__(self, path: Path):
        self._path = Path(path)

    def __enter__(self) -> "SessionAnswers":
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "kerasseg.export.formats.session_answers",
                str(self._path.resolve()),
            ],
            cwd=Path(__file__).resolve().parents[3],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._requests, self._answers, self._errors = map(_piped, streams)
        return self

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        try:
            write_arrays(self._requests, {"image": images})
            answers = read_arrays(self._answers)
        except BrokenPipeError:
            answers = None
        if answers is None:
            said = self._errors.read().decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"{self._path}: the session ended: {said[-1] if said else ''}")
        return answers

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self._requests, self._answers, self._errors):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._process.wait()


def _piped(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "the process was started with pipes"
    return stream


def _serve(path: str, source: IO[bytes], sink: IO[bytes]) -> None:
    import tensorflow as tf

    v1 = tf.compat.v1
    with v1.Session(graph=tf.Graph()) as session:
        signature = v1.saved_model.load(session, ["serve"], path).signature_def["serving_default"]
        image = signature.inputs["image"].name
        outputs = {name: info.name for name, info in signature.outputs.items()}
        while (request := read_arrays(source)) is not None:
            write_arrays(sink, session.run(outputs, {image: request["image"]}))


if __name__ == "__main__":
    # What libraries print must not get between the answers.
    answers_out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(sys.argv[1], sys.stdin.buffer, answers_out)
