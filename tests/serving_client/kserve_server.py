"""A server of KServe's gRPC API, version 2, by the official protos, over ONNX Runtime."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import onnxruntime
from tritonclient.grpc import service_pb2, service_pb2_grpc

DATATYPES = {"tensor(uint8)": "UINT8", "tensor(float)": "FP32"}
DTYPES = {"UINT8": np.uint8, "FP32": np.float32}


class Server(service_pb2_grpc.GRPCInferenceServiceServicer):
    """One model. versions: that it has, the last the newest. raw: whether values go as bytes, as
    Triton sends them, or in typed fields. asked: the requests. full: answers to refuse first."""

    def __init__(self, name, file):
        self.name, self.versions, self.raw, self.full, self.asked = name, ["1"], True, 0, []
        self.session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])

    def _check(self, name, version, context):
        if name != self.name or (version and version not in self.versions):
            context.abort(grpc.StatusCode.NOT_FOUND, f"unknown model '{name}' '{version}'")

    def ServerLive(self, request, context):
        return service_pb2.ServerLiveResponse(live=True)

    def ServerReady(self, request, context):
        return service_pb2.ServerReadyResponse(ready=True)

    def ModelReady(self, request, context):
        self._check(request.name, request.version, context)
        newest = request.version in ("", self.versions[-1])
        return service_pb2.ModelReadyResponse(ready=newest)

    def ModelMetadata(self, request, context):
        self._check(request.name, request.version, context)
        answer = service_pb2.ModelMetadataResponse(
            name=self.name, versions=self.versions, platform="onnxruntime_onnx"
        )
        for values, found in (
            (self.session.get_inputs(), answer.inputs),
            (self.session.get_outputs(), answer.outputs),
        ):
            for value in values:
                shape = [side if isinstance(side, int) else -1 for side in value.shape]
                found.add(name=value.name, datatype=DATATYPES[value.type], shape=shape)
        return answer

    def ModelInfer(self, request, context):
        self.asked.append(request)
        self._check(request.model_name, request.model_version, context)
        if self.full:
            self.full -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size")
        feed = {}
        for tensor, data in zip(request.inputs, request.raw_input_contents, strict=True):
            dtype, shape = DTYPES[tensor.datatype], tuple(tensor.shape)
            known = [value for value in self.session.get_inputs() if value.name == tensor.name]
            if not known or DATATYPES[known[0].type] != tensor.datatype or len(shape) != 4:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"unexpected '{tensor.name}'")
            if np.prod(shape) * np.dtype(dtype).itemsize != len(data):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"'{tensor.name}': wrong size")
            feed[tensor.name] = np.frombuffer(data, dtype).reshape(shape)
        names = [output.name for output in request.outputs]
        answer = service_pb2.ModelInferResponse(
            model_name=self.name, model_version=request.model_version or self.versions[-1]
        )
        for name, values in zip(names, self.session.run(names, feed), strict=True):
            datatype = "UINT8" if values.dtype == np.uint8 else "FP32"
            tensor = answer.outputs.add(name=name, datatype=datatype, shape=values.shape)
            if self.raw:
                answer.raw_output_contents.append(values.tobytes())
            elif datatype == "UINT8":
                tensor.contents.uint_contents.extend(values.ravel().tolist())
            else:
                tensor.contents.fp32_contents.extend(values.ravel().tolist())
        return answer


@contextlib.contextmanager
def serving(name, file):
    """Yields (the Server, its address as HOST:PORT)."""
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    servicer = Server(name, file)
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield servicer, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
