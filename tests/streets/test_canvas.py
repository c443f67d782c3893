import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.streets.camera import Camera
from kerasseg.streets.canvas import HEIGHT, SCALE, WIDTH, Canvas
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import mix, shade
from kerasseg.streets.texture import Texture

CAMERA = Camera(focal=360.0, center=256.0, horizon=100.0, height=1.5, bend=0.0)
LIGHT = {-1: 1.0, 0: 1.0, 1: 1.0}
COLORS = st.tuples(*[st.integers(0, 255)] * 3)


def test_a_point_at_eye_height_lies_on_the_horizon():
    for z in (2.0, 10.0, 90.0):
        assert CAMERA.project(0.0, 1.5, z) == (256.0, 100.0)


def test_a_metre_shrinks_with_distance():
    # 360 pixels at one metre, so 36 at ten metres.
    assert CAMERA.project(1.0, 1.5, 10.0) == pytest.approx((292.0, 100.0))
    assert CAMERA.project(0.0, 0.5, 10.0) == pytest.approx((256.0, 136.0))


def test_a_bend_shifts_by_the_square_of_the_distance():
    bent = Camera(focal=360.0, center=256.0, horizon=100.0, height=1.5, bend=0.01)
    # 0.01 * 10**2 = 1 metre at z = 10
    assert bent.project(0.0, 1.5, 10.0) == pytest.approx(CAMERA.project(1.0, 1.5, 10.0))


def test_what_is_painted_later_covers_colour_and_label_alike():
    canvas = Canvas(CAMERA, LIGHT)
    sheet = canvas.screen()
    sheet.rect(Id.SKY, (10, 20, 30), 0, 0, WIDTH, HEIGHT)
    sheet.rect(Id.CAR, (200, 0, 0), 100, 50, 120, 60)
    pixels = np.asarray(canvas.image)
    labels = canvas.label_table[pixels[..., 3]]
    red = (pixels[..., :3] == (200, 0, 0)).all(axis=-1)
    np.testing.assert_array_equal(red, labels == Id.CAR)
    assert red[50 * SCALE + 2, 100 * SCALE + 2]
    assert set(np.unique(labels)) == {Id.SKY, Id.CAR}


def test_surfaces_never_run_out():
    canvas = Canvas(CAMERA, LIGHT)
    for depth in (1, 8, 14, 20, 30, 45, 70, 130):
        for label in Id:
            code = canvas.surface(label, Texture.PLAIN, depth)
            assert canvas.label_table[code] == label


def test_a_mirrored_sheet_counts_from_its_far_end():
    plane = Canvas(CAMERA, LIGHT).receding(2.0, 5.0, 4.0, -1)
    assert plane.mirrored(4.0).place(1.0, 0.5) == plane.place(3.0, 0.5)


@given(COLORS, COLORS, st.floats(0, 1))
def test_a_mixture_lies_between_its_colours(a, b, share):
    for p, q, m in zip(a, b, mix(a, b, share), strict=True):
        assert min(p, q) <= m <= max(p, q)


@given(COLORS, st.floats(0, 3))
def test_shades_stay_colours(color, factor):
    assert all(0 <= c <= 255 for c in shade(color, factor))
