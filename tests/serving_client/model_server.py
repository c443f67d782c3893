"""A stand-in for tensorflow_model_server: the official protos and REST rules over a version-1
session. Runs in a process of its own, in which neither kerasseg nor Keras can be imported.
"""

import contextlib
import json
import os
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import numpy as np
import rest_json
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
)

v1 = tf.compat.v1
# Of status codes, TF Serving's http_server.cc; the rest is 500.
HTTP = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "NOT_FOUND": 404,
        "RESOURCE_EXHAUSTED": 429, "UNAVAILABLE": 503}  # fmt: skip
GRPC = {code.value[0]: code for code in grpc.StatusCode}


def proto_fields(array):
    """As TF Serving answers: values in typed fields, not in one string of bytes."""
    shape = tf.TensorShape(array.shape).as_proto()
    if array.dtype == object:
        strings = array.ravel().tolist()
        return TensorProto(dtype=tf.string.as_datatype_enum, tensor_shape=shape,
                              string_val=strings)  # fmt: skip
    field = "float_val" if array.dtype == np.float32 else "int_val"
    dtype = tf.as_dtype(array.dtype).as_datatype_enum
    return TensorProto(dtype=dtype, tensor_shape=shape, **{field: array.ravel().tolist()})


class Queue:
    """With --enable_batching and a max_batch_size of 1: so many requests run, so many wait, and
    the rest is answered UNAVAILABLE."""

    def __init__(self, file):
        """file: for --batching_parameters_file."""
        values = dict(re.findall(r"^(\w+) \{ value: (\d+) \}", file.read_text(), re.M))
        assert values["max_batch_size"] == "1", "requests are joined by TF Serving itself alone"
        running, waiting = int(values["num_batch_threads"]), int(values["max_enqueued_batches"])
        self._running = threading.Semaphore(running)
        self._accepted = threading.Semaphore(running + waiting)

    @contextlib.contextmanager
    def place(self):
        if not self._accepted.acquire(blocking=False):
            raise tf.errors.UnavailableError(
                None, None, "The batch scheduling queue to which this task was submitted is full"
            )
        try:
            with self._running:
                yield
        finally:
            self._accepted.release()


class Model:
    def __init__(self, name, directory, queue=None):
        self._place = contextlib.nullcontext if queue is None else queue.place
        path = max((p for p in Path(directory).iterdir() if p.name.isdigit()),
                   key=lambda p: int(p.name))  # fmt: skip
        self.name, self.version = name, int(path.name)
        self.session = v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            meta = v1.saved_model.load(self.session, ["serve"], str(path))
        self.signatures = dict(meta.signature_def)
        self.warmed = self._warm_up(path / "assets.extra" / "tf_serving_warmup_requests")

    def _warm_up(self, path):
        records = v1.io.tf_record_iterator(str(path)) if path.is_file() else ()
        logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
        for log in logs:
            self.predict(log.predict_log.request)
        return len(logs)

    def check(self, spec):
        wanted = spec.version.value if spec.HasField("version") else self.version
        if spec.name != self.name or wanted != self.version:
            raise tf.errors.NotFoundError(
                None, None, f"Servable not found for request: {spec.name} {wanted}"
            )

    def predict(self, request):
        self.check(request.model_spec)
        name = request.model_spec.signature_name or "serving_default"
        if name not in self.signatures:
            raise tf.errors.FailedPreconditionError(None, None, f"no signature {name!r}")
        signature = self.signatures[name]
        if request.inputs.keys() != signature.inputs.keys():
            raise tf.errors.InvalidArgumentError(None, None, f"inputs: {sorted(request.inputs)}")
        feed = {
            signature.inputs[key].name: tf.make_ndarray(tensor)
            for key, tensor in request.inputs.items()
        }
        outputs = {key: info.name for key, info in signature.outputs.items()}
        try:
            with self._place():
                values = self.session.run(outputs, feed)
        except ValueError as error:  # a shape that does not fit; TF Serving's session says this
            raise tf.errors.InvalidArgumentError(None, None, str(error)) from error
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        for key, value in values.items():
            response.outputs[key].CopyFrom(proto_fields(np.asarray(value)))
        return response

    def status(self, request):
        self.check(request.model_spec)
        response = get_model_status_pb2.GetModelStatusResponse()
        states = get_model_status_pb2.ModelVersionStatus.State
        response.model_version_status.add(version=self.version, state=states.AVAILABLE)
        response.model_version_status[0].status.error_code = 0
        return response


def answer_or_abort(method, request, context):
    try:
        return method(request)
    except tf.errors.OpError as error:
        context.abort(GRPC[error.error_code], error.message)


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, model):
        self.model = model

    def Predict(self, request, context):
        return answer_or_abort(self.model.predict, request, context)


class States(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, model):
        self.model = model

    def GetModelStatus(self, request, context):
        return answer_or_abort(self.model.status, request, context)


class Rest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    PATH = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?(:predict)?")

    def do_GET(self):
        self._reply(get_model_status_pb2.GetModelStatusRequest(), self._status)

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self._reply(predict_pb2.PredictRequest(), self._predict)

    def _status(self, request):
        answer = self.server.model.status(request)
        return json_format.MessageToJson(answer, preserving_proto_field_name=True,
                                         always_print_fields_with_no_presence=True)  # fmt: skip

    def _predict(self, request):
        self.server.model.check(request.model_spec)
        try:
            name, inputs, by_rows = rest_json.parse(self.body, self.server.model.signatures)
        except ValueError as error:
            raise tf.errors.InvalidArgumentError(None, None, str(error)) from error
        request.model_spec.signature_name = name
        for key, tensor in inputs.items():
            request.inputs[key].CopyFrom(tensor)
        return rest_json.answer(self.server.model.predict(request).outputs, by_rows=by_rows)

    def _reply(self, request, method):
        try:
            match = self.PATH.fullmatch(self.path)
            if not match or bool(match[3]) != (self.command == "POST"):
                raise tf.errors.InvalidArgumentError(None, None, f"Malformed: {self.path}")
            request.model_spec.name = match[1]
            if match[2]:
                request.model_spec.version.value = int(match[2])
            status, text = 200, method(request)
        except tf.errors.OpError as error:
            status = HTTP.get(GRPC[error.error_code].name, 500)
            text = json.dumps({"error": error.message})
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Silent."""


class RestServer(ThreadingHTTPServer):
    request_queue_size = 128  # connections that nobody has accepted yet


def main(name, directory, batching=None):
    """Loads the newest version below `directory`, sends it its warm-up requests, prints a line of
    JSON ({"grpc": port, "rest": port, "pid": of this process, "warmed": requests, "foreign":
    modules that should not be there}) and serves until its input ends.

    batching: a file for --batching_parameters_file; without it nothing is queued or turned away.
    """
    model = Model(name, directory, None if batching is None else Queue(Path(batching)))
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    # Whoever waits in the queue has a thread here.
    threads = ThreadPoolExecutor(2 if batching is None else 256)
    server = grpc.server(threads, options=unlimited)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictions(model), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(States(model), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    rest = RestServer(("127.0.0.1", 0), Rest)
    rest.model = model
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    loaded = {name.split(".")[0] for name, module in sys.modules.items() if module}
    start = {"grpc": port, "rest": rest.server_port, "pid": os.getpid(),
             "warmed": model.warmed,
             "foreign": sorted(loaded & {"kerasseg", "keras", "tf_keras"})}  # fmt: skip
    print(json.dumps(start), flush=True)
    sys.stdin.read()
    server.stop(0).wait()
    rest.shutdown()
