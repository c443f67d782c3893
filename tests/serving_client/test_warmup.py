"""The warm-up file: read back record by record, and played to the model as a server does."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2, prediction_service_pb2_grpc

from kerasseg.errors import UserError
from kerasseg.export.formats.warmup import write_warmup
from tests.serving_client.small_export import NAME, VERSION


@pytest.fixture
def saved_model(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    return tmp_path


def requests_in(path):
    records = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    return [log.predict_log.request for log in logs]


def test_the_requests_are_where_and_what_they_should_be(saved_model, files):
    written = write_warmup(saved_model, files, model_name="streets")
    assert written == saved_model / "assets.extra" / "tf_serving_warmup_requests"
    assert list(written.parent.iterdir()) == [written]
    *encoded, default = requests_in(written)
    assert {r.model_spec.name for r in (*encoded, default)} == {"streets"}
    assert {r.model_spec.signature_name for r in encoded} == {"encoded"}
    assert [list(r.inputs["image_bytes"].string_val) for r in encoded] == [[f] for f in files]
    assert files[1].endswith(b"\0")
    assert default.model_spec.signature_name == "serving_default"
    image = tf.make_ndarray(default.inputs["image"])
    assert (image.dtype, image.shape) == (np.uint8, (1, 64, 64, 3))


def test_a_server_answers_every_request_of_the_file(exports, server, reference, files):
    path = exports / str(VERSION) / "assets.extra" / "tf_serving_warmup_requests"
    with grpc.insecure_channel(server.grpc.removeprefix("grpc://")) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answers = [stub.Predict(request, timeout=60) for request in requests_in(path)]
    *encoded, default = ({k: tf.make_ndarray(v) for k, v in a.outputs.items()} for a in answers)
    expected = reference("encoded", files[:2])
    for name, values in expected.items():
        assert [answer[name].tolist() for answer in encoded] == [[v] for v in values]
    assert {v.shape for v in default.values()} == {(1, 64, 64), (1,)}
    assert answers[0].model_spec.name == NAME


def test_a_second_warm_up_replaces_the_first(saved_model, files):
    write_warmup(saved_model, files, model_name="a")
    path = write_warmup(saved_model, files[:1], model_name="b")
    assert [r.model_spec.name for r in requests_in(path)] == ["b", "b"]


def test_nothing_is_written_for_nothing(tmp_path, saved_model, files):
    with pytest.raises(UserError, match="at least one image"):
        write_warmup(saved_model, [], model_name="a")
    with pytest.raises(UserError, match=r"elsewhere: not a SavedModel"):
        write_warmup(tmp_path / "elsewhere", files, model_name="a")
    assert [p.name for p in saved_model.iterdir()] == ["saved_model.pb"]
