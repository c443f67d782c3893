"""The SavedModel in TensorFlow's C runtime, no Python in the process: the loader of TF Serving."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.serving_client.small_export import VERSION, blotches


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc on the PATH")
    libraries = tf.sysconfig.get_lib()
    path = tmp_path_factory.mktemp("c") / "run_saved_model"
    source = Path(__file__).with_name("run_saved_model.c")
    subprocess.run(
        [gcc, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{tf.sysconfig.get_include()}",
         str(source), "-o", str(path), f"-L{libraries}", "-l:libtensorflow_cc.so.2",
         "-l:libtensorflow_framework.so.2", f"-Wl,-rpath,{libraries}"],
        check=True,
    )  # fmt: skip
    return path


def run(program, exports, reference, signature, fed, folder):
    """{output: its files in order}. fed: type, shape and files as the program wants them."""
    signature = reference.signatures[signature]
    (image,) = signature.inputs.values()
    names = sorted(signature.outputs)
    subprocess.run(
        [str(program), str(exports / str(VERSION)), str(folder), image.name, *map(str, fed),
         *(signature.outputs[name].name for name in names)],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return {
        name: [
            path.read_bytes()
            for path in sorted(folder.glob(f"{i}.*"), key=lambda path: int(path.suffix[1:]))
        ]
        for i, name in enumerate(names)
    }


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 37, 51)])
def test_serving_default_gives_the_bytes_of_the_python_session(
    program, exports, reference, tmp_path, shape
):
    images = np.stack([blotches(*shape[1:], seed=seed) for seed in range(shape[0])])
    raw = tmp_path / "image"
    raw.write_bytes(images.tobytes())
    fed = ("uint8", *images.shape, raw)
    found = run(program, exports, reference, "serving_default", fed, tmp_path)
    expected = reference("serving_default", images)
    assert found.keys() == {"labels", "confidence", "uncertainty", "image_uncertainty"}
    for name, parts in found.items():
        assert b"".join(parts) == expected[name].tobytes(), name


def test_encoded_gives_the_bytes_of_the_python_session(
    program, exports, reference, files, tmp_path
):
    paths = [tmp_path / f"image{i}" for i in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    fed = ("string", len(files), *paths)
    found = run(program, exports, reference, "encoded", fed, tmp_path)
    expected = reference("encoded", files)
    assert found == {name: values.tolist() for name, values in expected.items()}
    assert found.keys() == {"labels_png_bytes", "uncertainty_png_bytes"}
    assert len(set(found["labels_png_bytes"])) == len(files)
