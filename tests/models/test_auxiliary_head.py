"""The auxiliary head of a net: where its logits come from, and that the net is left as it was."""

import keras
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.models.auxiliary_head import has_auxiliary, with_auxiliary, without_auxiliary
from kerasseg.models.build import build_net, encoder_variables
from kerasseg.models.decoder import encoder_maps
from kerasseg.models.layers.upsampling import BilinearEnlarge

OUTPUTS = 3


def small(*, seed=0, precision="float32", **changes):
    """(settings, net without the head)."""
    model = ModelConfig(**{"width": 2, "depth": 3, "auxiliary_stride": 8, **changes})
    return model, build_net(model, outputs=OUTPUTS, seed=seed, precision=precision)


def enlarged(values, factor):
    """(h, w, C) by `factor`, bilinear: pixel i has its centre at (i + 1/2) / factor."""
    height, width, channels = values.shape
    rows, columns = ((np.arange(size * factor) + 0.5) / factor - 0.5 for size in (height, width))
    places = np.meshgrid(rows, columns, indexing="ij")
    return np.stack(
        [map_coordinates(values[..., c], places, order=1, mode="nearest") for c in range(channels)],
        axis=-1,
    )


@pytest.mark.parametrize("factor", [2, 8, 16])
def test_logits_are_enlarged_with_half_pixel_centres(factor):
    values = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    found = BilinearEnlarge(factor)(values).numpy()
    for image, expected in zip(found, values, strict=True):
        np.testing.assert_allclose(image, enlarged(expected, factor), atol=1e-5)


@pytest.mark.parametrize("size", [(32, 48), (13, 37)], ids=["whole", "padded"])
@pytest.mark.parametrize("stride", [8, 16])
def test_its_logits_lie_over_the_image(size, stride):
    model, net = small(depth=4, auxiliary_stride=stride)
    net = with_auxiliary(net, model, seed=0)
    head = keras.Model(net.input, net.get_layer("auxiliary_head").output)
    image = np.random.default_rng(0).uniform(0, 255, (1, *size, 3)).astype(np.float32)
    # The map is of the image padded at its end: what is beyond the image is cut off.
    expected = enlarged(head(image, training=False).numpy()[0], stride)[: size[0], : size[1]]
    np.testing.assert_allclose(net(image, training=False)[-1].numpy()[0], expected, atol=1e-5)


@pytest.mark.parametrize("upsampling", ["transposed", "pixel_shuffle", "resize"])
def test_the_feature_maps_of_a_loaded_net_are_found(upsampling, tmp_path):
    _, net = small(upsampling=upsampling)
    net.save(tmp_path / "net.keras")
    for each in (net, keras.saving.load_model(tmp_path / "net.keras")):
        maps = encoder_maps(each)
        assert tuple(maps) == (1, 2, 4, 8)
        assert [feature.shape[-1] for feature in maps.values()] == [2, 4, 8, 16]
        relu = each.get_layer("bottom_relu2").output
        assert maps[8] is relu


def test_the_weights_of_the_net_do_not_depend_on_it():
    model, net = small()
    _, plain = small()
    held = with_auxiliary(net, model, seed=0)
    for one, other in zip(net.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert net.get_layer("head") is held.get_layer("head")
    assert not has_auxiliary(net)
    assert has_auxiliary(held)
    bare = without_auxiliary(held)
    assert [layer.name for layer in bare.layers] == [layer.name for layer in net.layers]
    assert bare.outputs == net.outputs


def test_it_is_no_part_of_the_encoder():
    model, net = small()
    expected = [variable.path for variable in encoder_variables(net)]
    held = with_auxiliary(net, model, seed=0)
    assert sorted(v.path for v in encoder_variables(held)) == sorted(expected)


def test_its_weights_follow_from_the_seed_alone():
    first, again, other = (
        with_auxiliary(small(seed=seed)[1], small()[0], seed=seed) for seed in (0, 0, 1)
    )
    for name in ("auxiliary_conv", "auxiliary_head"):
        kernels = [net.get_layer(name).kernel.numpy() for net in (first, again, other)]
        np.testing.assert_array_equal(kernels[0], kernels[1])
        assert not np.array_equal(kernels[0], kernels[2])


def test_in_half_precision_its_logits_are_float32():
    model, net = small(precision="mixed_bfloat16")
    net = with_auxiliary(net, model, seed=0)
    assert net.get_layer("auxiliary_conv").compute_dtype == "bfloat16"
    assert net.outputs[-1].dtype == "float32"


def test_it_takes_batch_norm_and_padding_from_the_settings():
    model, net = small(padding="zero", batch_norm_momentum=0.7, batch_norm_sync=False)
    net = with_auxiliary(net, model, seed=0)
    norm = net.get_layer("auxiliary_norm")
    assert (norm.momentum, norm.synchronized) == (0.7, False)
    assert net.get_layer("auxiliary_conv").padding == "same"


def test_a_stride_that_the_encoder_does_not_have_is_refused():
    model, net = small(auxiliary_stride=16)
    with pytest.raises(UserError, match=r"auxiliary_stride: found 16, allowed .*: 8$"):
        with_auxiliary(net, model, seed=0)
