"""The client's answers against the same file in a session of this process, over each protocol."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.serving_client.client import (
    RequestRefused,
    ServingClient,
    ServingError,
    VersionStatus,
)
from tests.serving_client.small_export import MAX_PIXELS, NAME, VERSION, blotches, encode


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_encoded_answers_each_image_of_a_mixed_batch_in_order(client, reference, files):
    expected = reference("encoded", files)
    labels_of, levels_of = expected["labels_png_bytes"], expected["uncertainty_png_bytes"]
    found = client.encoded(files)
    assert [a.labels.shape for a in found] == [(40, 56), (33, 47), (1, 1), (20, 90)]
    for answer, labels, levels in zip(found, labels_of, levels_of, strict=True):
        assert answer.labels.dtype == np.uint8
        assert answer.uncertainty.dtype == np.float32
        np.testing.assert_array_equal(answer.labels, pixels(labels))
        np.testing.assert_allclose(answer.uncertainty, pixels(levels) / 255, rtol=1e-6)


def test_encoded_says_what_serving_default_says_of_the_pixels(client, reference):
    image = blotches(40, 56)
    full = reference("serving_default", image[None])
    (answer,) = client.encoded([encode(image)])
    np.testing.assert_array_equal(answer.labels, full["labels"][0])
    assert len(np.unique(answer.labels)) >= 3
    expected = full["uncertainty"][0]
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_allclose(answer.uncertainty, expected, atol=0.51 / 255)


def test_no_images_no_request():
    nobody = ServingClient("http://127.0.0.1:9", model=NAME)
    assert nobody.encoded([]) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no image", "neither PNG nor JPEG"),
        (b"", "neither PNG nor JPEG"),
        (encode(blotches(30, 30))[:-30], "INVALID_ARGUMENT|400"),
        (encode(np.zeros((2, MAX_PIXELS // 2 + 1), np.uint8)), f"max_pixels={MAX_PIXELS}"),
    ],
    ids=["garbage", "empty", "cut off", "too large"],
)
def test_what_is_no_image_is_refused_with_the_words_of_the_model(client, files, data, said):
    with pytest.raises(RequestRefused, match=said):
        client.encoded([files[0], data])
    assert len(client.encoded([files[0]])) == 1


@pytest.mark.parametrize("shape", [(1, 1), (2, 37, 51), (45, 31)])
def test_predict_brings_the_tensors_themselves(grpc_client, reference, shape):
    batch = np.stack([blotches(*shape[-2:], seed=seed) for seed in range(len(shape) - 1)])
    image = batch if len(shape) == 3 else batch[0]
    found = grpc_client.predict(image)
    for name, expected in reference("serving_default", image.reshape(-1, *shape[-2:], 3)).items():
        value = getattr(found, name)
        assert value.dtype == expected.dtype
        scalar = expected.ndim == 1  # a number an image
        np.testing.assert_array_equal(value, expected.reshape(shape[:-2] if scalar else shape))


def test_an_answer_may_be_larger_than_the_4_mb_that_grpc_allows_unasked(grpc_client):
    answer = grpc_client.predict(np.zeros((700, 700, 3), np.uint8))
    assert answer.labels.nbytes + answer.confidence.nbytes + answer.uncertainty.nbytes > 4 << 20


def test_predict_does_not_go_over_http():
    with pytest.raises(UserError, match="grpc"):
        ServingClient("http://127.0.0.1:9", model=NAME).predict(blotches(2, 2))


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8),
     np.zeros((0, 4, 3), np.uint8)],
    ids=["float", "gray", "four channels", "no pixel"],
)  # fmt: skip
def test_predict_sends_nothing_but_images(grpc_client, image):
    with pytest.raises(UserError, match="image: "):
        grpc_client.predict(image)


def test_status(client):
    assert client.ready()
    assert client.status() == (VersionStatus(VERSION, "AVAILABLE", ""),)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("wrong", [{"model": "other"}, {"model": NAME, "version": VERSION + 1}])
def test_a_model_that_is_not_there(server, files, protocol, wrong):
    with ServingClient(getattr(server, protocol), **wrong) as client:
        assert not client.ready()
        with pytest.raises(ServingError, match=r"404|NOT_FOUND") as caught:
            client.encoded(files[:1])
        assert type(caught.value) is ServingError


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_version_by_its_number(server, files, protocol):
    url = getattr(server, protocol)
    with ServingClient(url, model=NAME, version=VERSION) as client:
        assert client.ready()
        assert len(client.encoded(files)) == len(files)


def test_threads_share_a_client(client, files):
    alone = [client.encoded([data])[0].labels for data in files]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda data: client.encoded([data])[0].labels, files * 4))
    for i, labels in enumerate(together):
        np.testing.assert_array_equal(labels, alone[i % len(files)])
