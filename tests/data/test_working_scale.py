"""The one rule of scale, against decimals of 60 digits; the same in Python, TensorFlow and ONNX."""

from decimal import ROUND_FLOOR, Decimal, localcontext
from functools import cache

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx
from hypothesis import example, given
from hypothesis import strategies as st

from kerasseg.data.integer_root import integer_root
from kerasseg.data.working_scale import WorkingScale

sides = st.integers(1, 20_000)
sizes = st.tuples(sides, sides)
working_sizes = st.tuples(st.integers(1, 2048), st.integers(1, 2048))


def exact(scale, height, width):
    """(rows, columns) of working pixels per pixel of the image, by the words of the rule."""
    h, w = map(Decimal, scale.working_size)
    if scale.native_size is None:
        return (h * w / (height * width)).sqrt(), (h * w / (height * width)).sqrt()
    down, across = map(Decimal, scale.native_size)
    enlarged = (down * across / (Decimal(height) * width)).sqrt()
    return h / down * enlarged, w / across * enlarged


@given(sizes, working_sizes, st.none() | sizes)
@example((96, 48), (32, 64), None)
@example((2048, 1024), (512, 1024), (1024, 2048))
@example((1, 20_000), (1, 1), None)
def test_the_size_that_the_net_sees(size, working, native):
    scale = WorkingScale(working, native)
    with localcontext(prec=60):
        expected = tuple(
            max(1, int((side * s + Decimal("0.5")).to_integral_value(ROUND_FLOOR)))
            for side, s in zip(size, exact(scale, *size), strict=True)
        )
    found = scale.image_size(*size)
    # A half is only hit where its square is rational; there 60 digits may fall short of it.
    for a, b, side, s in zip(found, expected, size, exact(scale, *size), strict=True):
        assert a == b or abs(side * s + Decimal("0.5") - a) < Decimal("1e-20")


@given(sizes, working_sizes, st.none() | sizes)
def test_blocks_are_the_smallest_that_leave_a_scale_of_one_half(size, working, native):
    scale = WorkingScale(working, native)
    for block, s in zip(scale.blocks(*size), exact(scale, *size), strict=True):
        assert block * s > Decimal("0.5") - Decimal("1e-20")
        assert block == 1 or (block - 1) * s < Decimal("0.5") + Decimal("1e-20")


@given(sizes, working_sizes)
def test_images_of_the_one_size_are_seen_at_working_size_as_ever(native, working):
    scale = WorkingScale(working, native)
    assert scale.frame(*map(float, native)) == native
    assert scale.image_size(*native) == working
    # The formula of plain ratios, axis by axis.
    assert scale.blocks(*native) == tuple(
        max(1, -(-n // (2 * w))) for n, w in zip(native, working, strict=True)
    )


@given(sizes, working_sizes)
def test_of_mixed_sizes_both_axes_have_one_scale_and_turning_changes_nothing(size, working):
    scale = WorkingScale(working)
    height, width = size
    assert scale.image_size(width, height) == scale.image_size(height, width)[::-1]
    rows, columns = scale.blocks(height, width)
    assert rows == columns
    frame = scale.frame(float(height), float(width))
    assert np.prod(frame) == pytest.approx(height * width)
    assert frame[0] * working[1] == pytest.approx(frame[1] * working[0])


def test_landscape_and_portrait_of_one_camera():
    scale = WorkingScale((32, 64))
    assert scale.image_size(48, 96) == (32, 64)
    assert scale.image_size(96, 48) == (64, 32)
    # A crop of scale 1.0 covers as many rows and columns of both.
    assert scale.frame(48.0, 96.0) == scale.frame(96.0, 48.0) == (48, 96)


@pytest.mark.parametrize("native", [None, (512, 1024), (360, 480)])
@given(height=st.integers(1, 4000), width=st.integers(1, 4000))
def test_a_copy_of_another_resolution_is_seen_at_the_same_size(native, height, width):
    scale = WorkingScale((128, 256), native)
    assert scale.image_size(2 * height, 2 * width) == scale.image_size(height, width)
    assert scale.image_size(5 * height, 5 * width) == scale.image_size(height, width)


@pytest.mark.parametrize(
    ("fixed", "size", "expected", "block"),
    [
        (0.5, (97, 131), (49, 66), 1),
        (0.5, (1, 1), (1, 1), 1),
        (0.3, (100, 150), (30, 45), 2),
        (1 / 3, (9000, 30_000), (3000, 10_000), 2),
        (2.0, (7, 9), (14, 18), 1),
    ],
)
def test_a_fixed_scale_does_not_look_at_the_size(fixed, size, expected, block):
    scale = WorkingScale((32, 64), (500, 100), fixed)
    assert scale.image_size(*size) == expected
    assert scale.blocks(*size) == (block, block)
    assert scale.frame(7.0, 3.0) == pytest.approx((32 / fixed, 64 / fixed))


SCALES = {
    "mixed": WorkingScale((192, 256)),
    "one size": WorkingScale((192, 256), (360, 500)),
    "fixed": WorkingScale((192, 256), None, 0.37),
}


def graph_of(scale):
    side = tf.TensorSpec([], tf.int64)

    @tf.function(input_signature=[side, side], autograph=False)
    def measured(height, width):
        seen = scale.image_size(height, width, root=integer_root, maximum=tf.maximum)
        blocks = scale.blocks(height, width, root=integer_root)
        return tf.stack([*seen, *(tf.cast(block, tf.int64) for block in blocks)])

    return measured


@cache
def runtimes(name):
    measured = graph_of(SCALES[name])
    model, _ = tf2onnx.convert.from_function(
        measured, input_signature=measured.input_signature, opset=18
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in session.get_inputs()]

    def in_onnx(*size):
        values = [np.array(side, np.int64) for side in size]
        return session.run(None, dict(zip(names, values, strict=True)))[0]

    return measured, in_onnx


@pytest.mark.parametrize("name", SCALES)
@given(size=sizes)
@example((1, 1))
@example((97, 131))
@example((360, 500))
@example((180, 250))
@example((360, 501))
def test_python_tensorflow_and_onnx_runtime_agree(name, size):
    expected = [*SCALES[name].image_size(*size), *SCALES[name].blocks(*size)]
    in_tensorflow, in_onnx = runtimes(name)
    assert in_tensorflow(*size).numpy().tolist() == expected
    assert in_onnx(*size).tolist() == expected


@given(st.integers(0, 2**25), st.integers(-2, 2))
def test_the_root_of_a_square_and_of_its_neighbours(root, off):
    value = max(0, root * root + off)
    found = int(integer_root(tf.constant(value, tf.int64)))
    assert found * found <= value < (found + 1) ** 2
