"""The Open Inference Protocol (KServe, Triton) over HTTP: responses, metadata and errors."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api import __version__
from mnist_api.codecs.open_inference import INPUT, OUTPUTS, read_inference
from mnist_api.handlers.context import Context
from mnist_api.handlers.probabilities import compute_probabilities
from mnist_api.http import JSON, OCTETS, Request, Response
from mnist_api.model.active import LoadedModel
from mnist_api.problems import NO_HEADERS, ProblemError
from mnist_api.signature import PIXELS

SERVER = {"name": "mnist-api", "version": __version__, "extensions": ["binary_tensor_data"]}

_encode = msgspec.json.Encoder().encode


def handle(request: Request, context: Context) -> Response:
    """Return the requested outputs. Raises ProblemError (400, 404, 503)."""
    active = context.active
    loaded = _find_model(request, context)
    decoded = read_inference(request)
    probabilities = compute_probabilities(decoded.images, loaded, checkpoint=request.checkpoint)
    response: dict[str, Any] = {
        "model_name": active.name,
        "model_version": loaded.version.id,
        "outputs": [],
    }
    if isinstance(decoded.id, str):
        response["id"] = decoded.id
    tensors = []
    for name, as_bytes in decoded.outputs.items():
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
        response["outputs"].append(described)
    json = _encode(response)
    if not tensors:
        return Response(200, JSON, json)
    headers = {"Inference-Header-Content-Length": str(len(json))}
    return Response(200, OCTETS, b"".join((json, *tensors)), headers)


def describe_server(_: Request, __: Context) -> Response:
    """Return the server's name and extensions."""
    return _json(SERVER)


def report_live(_: Request, __: Context) -> Response:
    """Say that the server is alive."""
    return _json({"live": True})


def report_ready(_: Request, context: Context) -> Response:
    """Say whether a model is active."""
    ready = context.active.current is not None
    return _json({"ready": ready}, 200 if ready else 503)


def describe_model(request: Request, context: Context) -> Response:
    """Return the model's metadata: -1 in a shape is the number of images. Raises ProblemError."""
    loaded = _find_model(request, context)
    return _json(
        {
            "name": context.active.name,
            "versions": [loaded.version.id],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": INPUT, "datatype": "FP32", "shape": [-1, PIXELS]}],
            "outputs": [
                {"name": output, "datatype": datatype, "shape": [-1, width] if width else [-1]}
                for output, (datatype, width) in OUTPUTS.items()
            ],
        }
    )


def report_model_ready(request: Request, context: Context) -> Response:
    """Say whether the model is active. Raises ProblemError (404)."""
    try:
        _find_model(request, context)
    except ProblemError as problem:
        if problem.status == 503:
            return _json({"name": request.variables["name"], "ready": False}, 503)
        raise
    return _json({"name": context.active.name, "ready": True})


def _find_model(request: Request, context: Context) -> LoadedModel:
    """Return the active model if it has the path's name and version.

    Raises ProblemError (404, 503).
    """
    active, name = context.active, request.variables["name"]
    version = request.variables.get("version")
    if name != active.name:
        raise ProblemError(404, f'There is no model "{name[:80]}": "{active.name}" is served.')
    loaded = active.require()
    if version is not None and version != loaded.version.id:
        raise ProblemError(
            404,
            f'There is no version "{version[:80]}" of "{name}" here: version '
            f'"{loaded.version.id}" is served.',
        )
    return loaded


def write_error(problem: ProblemError) -> Response:
    """Return ``problem`` in the protocol's format; it has no 422."""
    status = 400 if problem.status == 422 else problem.status
    return Response(status, JSON, _encode({"error": problem.detail}), problem.headers or NO_HEADERS)


def _json(body: object, status: int = 200) -> Response:
    return Response(status, JSON, _encode(body))


def _to_bytes(tensor: NDArray[np.generic]) -> bytes:
    return tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes()
