"""INT8: static quantisation of the ONNX file, calibrated on images of the user."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from kerasseg.data.image_file import read_image
from kerasseg.data.samples import take_evenly
from kerasseg.data.working_scale import WorkingScale
from kerasseg.export.formats.plain_ops import demand_plain
from kerasseg.export.int8_padding import pad_before_dequantizing
from kerasseg.export.job import CALIBRATION_IMAGES
from kerasseg.inference.backends.onnx_runtime import plain_input
from kerasseg.inference.image_search import find_images

# What stands between convolutions is quantised with them, or each would convert there and back.
_CONVOLUTIONS = ("Conv", "ConvTranspose")
_OPS = [*_CONVOLUTIONS, "Relu", "Clip", "Add", "MaxPool", "Concat", "DepthToSpace", "Transpose"]
# Calibrating keeps all feature maps of an image until its end: gigabytes at width 64.
CALIBRATION_PIXELS = 512 * 512


class _Images(CalibrationDataReader):
    """batches: what goes into `image`, one at a time."""

    def __init__(self, batches: Iterable[np.ndarray]):
        self._left = iter(batches)

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._left, None)
        return None if batch is None else {"image": batch}


def calibration_images(folder: Path, *, scale: WorkingScale) -> list[np.ndarray]:
    """uint8 (H, W, 3): at most CALIBRATION_IMAGES images of the folder, evenly spread.

    scale: of the model. Of an image that is more than CALIBRATION_PIXELS at working size it is a
    part with so many; the parts stand at nine places in turn. Raises UserError.
    """
    files = find_images([str(folder)], out=folder / "none")
    parts = []
    for turn, image in enumerate(map(read_image, take_evenly(files, CALIBRATION_IMAGES,
                                                             with_last=True))):  # fmt: skip
        height, width = image.shape[:2]
        share = CALIBRATION_PIXELS / prod(scale.image_size(height, width))
        parts.append(_part(image, height * width * share, turn))
    return parts


def _part(image: np.ndarray, pixels: float, turn: int) -> np.ndarray:
    size = np.array(image.shape[:2])
    share = min(1.0, np.sqrt(pixels / size.prod()))
    part = np.maximum(1, (size * share).astype(int))
    top, left = (size - part) * (turn // 3 % 3, turn % 3) // 2
    return image[top : top + part[0], left : left + part[1]].copy()


def quantize(
    source: Path, target: Path, *, images: Sequence[np.ndarray], scale: WorkingScale
) -> None:
    """Writes an INT8 model (QDQ, weights by channel) of the ONNX file `source`.

    images: uint8 (H, W, 3), what the ranges of the activations are taken from, as
    `calibration_images` cuts them. scale: of the model. The head, whose logits are the answer,
    stays in float32, and so does the convolution of the uncertainty.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        small = _constants_of_parts(onnx.load(prepared), scale)
        _replace_constants(prepared, small)
        quantize_static(
            str(prepared),
            str(target),
            _Images(image[None] for image in images),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPS,
            nodes_to_exclude=_around_the_net(onnx.load(prepared)),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    _replace_constants(target, {new: old for old, new in small.items()})
    model = onnx.load(target)
    pad_before_dequantizing(model)
    del model.metadata_props[:]
    model.metadata_props.extend(onnx.load(source).metadata_props)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(target))


def quantize_plain(source: Path, target: Path, *, images: Sequence[np.ndarray]) -> None:
    """Writes an INT8 model of the plain ONNX file `source`, as TensorRT wants it: zero points of 0,
    no bias in integers, nothing but QuantizeLinear and DequantizeLinear beside integers.

    images: uint8 (H, W, 3) of the size of the file. The head stays in float32.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(target),
            _Images(map(plain_input, images)),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPS,
            nodes_to_exclude=_around_the_net(onnx.load(prepared)),
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            extra_options={"ActivationSymmetric": True, "QuantizeBias": False},
        )
    model = onnx.load(target)
    del model.metadata_props[:]
    model.metadata_props.extend(onnx.load(source).metadata_props)
    demand_plain(model)
    onnx.save(model, str(target))


def _constants_of_parts(model: onnx.ModelProto, scale: WorkingScale) -> dict[int, int]:
    """{constant of the graph: what it is while parts of images are calibrated on}.

    Where the scale follows from the size of the image, a part would be seen as large as the whole.
    With as much less working area as the part is smaller it is seen at the scale of the whole.
    """
    share = CALIBRATION_PIXELS / prod(scale.working_size)
    if scale.ratio is not None or share >= 1:
        return {}
    taken = {value for _, value in _whole_numbers(model)}
    replaced: dict[int, int] = {}
    for constant in scale.area_constants:
        old = 4 * constant.numerator
        assert old in taken, "the graph computes with another constant"
        new = max(1, round(old * share))
        while old not in replaced and new in taken:  # it has to be told apart to be put back
            new += 1
        replaced.setdefault(old, new)
        taken.add(replaced[old])
    return replaced


def _whole_numbers(model: onnx.ModelProto) -> Iterator[tuple[onnx.TensorProto, int]]:
    """The single int64 numbers of the graph, whatever their rank."""
    constants = [node.attribute[0].t for node in model.graph.node if node.op_type == "Constant"]
    for tensor in (*model.graph.initializer, *constants):
        if tensor.data_type == onnx.TensorProto.INT64 and prod(tensor.dims) == 1:
            yield tensor, onnx.numpy_helper.to_array(tensor).item()


def _replace_constants(path: Path, values: Mapping[int, int]) -> None:
    """Writes the ONNX file anew with other single int64 numbers: {old: new}."""
    if not values:
        return
    model = onnx.load(path)
    for tensor, value in list(_whole_numbers(model)):
        if value in values:
            new = np.full(tuple(tensor.dims), values[value], np.int64)
            tensor.CopyFrom(onnx.numpy_helper.from_array(new, tensor.name))
    onnx.save(model, str(path))


def _around_the_net(model: onnx.ModelProto) -> list[str]:
    """Names of the nodes that stay in float32 though their kind is quantised: convolutions that no
    other one follows, and what does not lie between two of them, such as the sums of a resize."""
    nodes = model.graph.node  # in topological order, as ONNX demands
    after: set[str] = set()  # tensors that come from a convolution
    before: set[str] = set()  # tensors that go into one
    for node in nodes:
        if node.op_type in _CONVOLUTIONS or after.intersection(node.input):
            after.update(node.output)
    for node in reversed(nodes):
        if node.op_type in _CONVOLUTIONS or before.intersection(node.output):
            before.update(node.input)

    def inside(node: onnx.NodeProto) -> bool:
        begins = node.op_type in _CONVOLUTIONS or after.intersection(node.input)
        return bool(begins and before.intersection(node.output))

    return [node.name for node in nodes if node.op_type in _OPS and not inside(node)]
