"""What plain HTTP gets, as a user of curl sees it; and that the stand-in is what it says."""

import base64
import json
import urllib.error
import urllib.request

import numpy as np
import pytest

from tests.serving_client.running_server import TF_SERVING
from tests.serving_client.small_export import NAME, blotches


def post(server, document, *, path=f"/v1/models/{NAME}:predict"):
    request = urllib.request.Request(server.http + path, json.dumps(document).encode())
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


def test_the_stand_in_knows_nothing_of_this_project_and_was_warmed_up(server):
    if server.said:
        assert server.said["foreign"] == []
        assert server.said["warmed"] == 3


@pytest.mark.skipif(TF_SERVING is None, reason="no tensorflow_model_server: stand-in alone")
def test_tf_serving_itself_runs_these_tests(request):
    names = {item.name for item in request.session.items}
    assert any("[tf-serving" in name for name in names)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("by_rows", [False, True])
def test_binary_strings_go_in_and_out_as_base64(server, reference, files, named, by_rows):
    values = [b64(data) for data in files]
    if by_rows:
        body = {"instances": [{"image_bytes": v} for v in values] if named else values}
    else:
        body = {"inputs": {"image_bytes": values} if named else values}
    answer = post(server, {"signature_name": "encoded", **body})
    expected = {k: [b64(v) for v in values] for k, values in reference("encoded", files).items()}
    if by_rows:
        names = sorted(expected)
        rows = zip(*(expected[name] for name in names), strict=True)
        assert answer == {"predictions": [dict(zip(names, row, strict=True)) for row in rows]}
    else:
        assert answer == {"outputs": expected}


def test_a_single_output_comes_without_its_name(server, reference):
    image = blotches(3, 4)
    expected = reference("probabilities", image[None])["probabilities"]
    body = {"signature_name": "probabilities", "instances": [image.tolist()]}
    answer = post(server, body)
    np.testing.assert_allclose(answer["predictions"], expected, rtol=1e-5)


@pytest.mark.parametrize(
    "body",
    [
        {"signature_name": "none", "instances": [1]},
        {"signature_name": "encoded", "instances": []},
        {"signature_name": "encoded"},
        {"signature_name": "encoded", "instances": [1]},
        {"signature_name": "encoded", "instances": [{"other": b64(b"")}]},
        {"signature_name": "encoded", "instances": [b64(b"no image")]},
        {"instances": [[[1, 2], [3]]]},
    ],
)
def test_a_bad_request_has_status_400_and_says_why(server, body):
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(server, body)
    with caught.value as response:
        assert response.status == 400
        assert json.load(response)["error"]
