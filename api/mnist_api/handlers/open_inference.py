"""The Open Inference Protocol (KServe, Triton) over HTTP: its answers, descriptions and errors."""

import re
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api import __version__
from mnist_api.codecs.open_inference import INPUT, OUTPUTS, read_inference
from mnist_api.handlers.probabilities import predict
from mnist_api.http import JSON, OCTETS, Reply, Request
from mnist_api.model.active import Served, Serving
from mnist_api.problems import NO_HEADERS, ProblemError
from mnist_api.signature import PIXELS

SERVER = {"name": "mnist-api", "version": __version__, "extensions": ["binary_tensor_data"]}
PLACE = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")

_encode = msgspec.json.Encoder().encode


def answer_inference(request: Request, serving: Serving) -> Reply:
    """Return the outputs asked for. Raises ProblemError (400, 404, 503)."""
    place = PLACE.fullmatch(request.path)
    served = find_model(serving, place[1], place[2]) if place else serving.require()
    asked = read_inference(request)
    probabilities = predict(asked.images, served, checkpoint=request.checkpoint)
    answer: dict[str, Any] = {
        "model_name": serving.name,
        "model_version": served.version.version,
        "outputs": [],
    }
    if isinstance(asked.id, str):
        answer["id"] = asked.id
    tensors = []
    for name, as_bytes in asked.outputs.items():
        tensor = probabilities if name == "probabilities" else probabilities.argmax(axis=1)
        described: dict[str, Any] = {
            "name": name,
            "shape": tensor.shape,
            "datatype": OUTPUTS[name][0],
        }
        if as_bytes:
            tensors.append(_to_bytes(tensor))
            described["parameters"] = {"binary_data_size": len(tensors[-1])}
        else:
            described["data"] = tensor.ravel().tolist()
        answer["outputs"].append(described)
    json = _encode(answer)
    if not tensors:
        return Reply(200, JSON, json)
    headers = {"Inference-Header-Content-Length": str(len(json))}
    return Reply(200, OCTETS, b"".join((json, *tensors)), headers)


def find_model(serving: Serving, name: str, version: str | None) -> Served:
    """Return what serves, where it goes by ``name`` and ``version``. Raises ProblemError."""
    if name != serving.name:
        raise ProblemError(404, f'There is no model "{name[:80]}": "{serving.name}" is served.')
    served = serving.require()
    if version is not None and version != served.version.version:
        raise ProblemError(
            404,
            f'There is no version "{version[:80]}" of "{name}" here: version '
            f'"{served.version.version}" is served.',
        )
    return served


def describe_model(served: Served, name: str) -> dict[str, object]:
    """Return the model's metadata: -1 in a shape is the number of images."""
    return {
        "name": name,
        "versions": [served.version.version],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": INPUT, "datatype": "FP32", "shape": [-1, PIXELS]}],
        "outputs": [
            {"name": output, "datatype": datatype, "shape": [-1, width] if width else [-1]}
            for output, (datatype, width) in OUTPUTS.items()
        ],
    }


def refuse_inference(problem: ProblemError) -> Reply:
    """Return ``problem`` as the protocol has it, which knows no 422."""
    status = 400 if problem.status == 422 else problem.status
    return Reply(status, JSON, _encode({"error": problem.detail}), problem.headers or NO_HEADERS)


def _to_bytes(tensor: NDArray[np.generic]) -> bytes:
    return tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes()
