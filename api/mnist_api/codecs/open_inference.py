"""Requests of the Open Inference Protocol: the JSON, and the tensor in it or after it.

The protocol: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol,
and its binary tensor data extension.
"""

from math import prod
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec import UNSET, Raw, Struct, UnsetType
from numpy.typing import NDArray

from mnist_api.codecs.json_errors import read_object
from mnist_api.codecs.json_numbers import has_shape, read_numbers
from mnist_api.codecs.raw_tensor import FLOAT32, view_floats
from mnist_api.http import Request
from mnist_api.problems import ProblemError
from mnist_api.signature import CLASSES, PIXELS

LENGTH = b"inference-header-content-length"  # of the JSON, if a binary tensor follows it
INPUT = "image"
OUTPUTS = {"probabilities": ("FP32", CLASSES), "prediction": ("INT64", None)}
EXPECTED = f'send one input "{INPUT}" of FP32 with shape [n, {PIXELS}]'


class Parameters(Struct, frozen=True):
    """Parameters of the binary tensor data extension; any others are ignored."""

    binary_data_size: int | UnsetType = UNSET
    binary_data: bool = False
    binary_data_output: bool = False
    classification: int = 0


class Input(Struct):
    """An input tensor."""

    name: str
    shape: Raw
    datatype: str
    data: Raw | UnsetType = UNSET
    parameters: Parameters = Parameters()


class Output(Struct):
    """A requested output tensor."""

    name: str
    parameters: Parameters = Parameters()


class RequestBody(Struct):
    """The JSON of a request."""

    inputs: list[Input]
    outputs: list[Output] | UnsetType = UNSET
    id: str | UnsetType = UNSET
    parameters: Parameters = Parameters()


class InferenceRequest(NamedTuple):
    """A decoded request."""

    images: NDArray[np.float32]  # [n, 784]
    outputs: dict[str, bool]  # name → whether it is returned as bytes after the JSON
    id: str | UnsetType


MAX_OBJECTS = 64  # in the JSON; a request has one input and a few outputs
MAX_SHAPE = 256  # bytes
_decode = msgspec.json.Decoder(RequestBody).decode
_decode_shape = msgspec.json.Decoder(list[int]).decode


def read_inference(request: Request) -> InferenceRequest:
    """Decode ``request``. Raises ProblemError (400, 422)."""
    body = request.body
    length = _header_length(request)
    json = body[:length]
    if json.count(b"{") > MAX_OBJECTS:
        raise ProblemError(400, f"The request has too many inputs or outputs: {EXPECTED}.")
    decoded = read_object(_decode, json, EXPECTED)
    if len(decoded.inputs) != 1:
        raise ProblemError(400, f"There are {len(decoded.inputs)} inputs: {EXPECTED}.")
    images = _read_tensor(decoded.inputs[0], body, len(body) if length is None else length)
    return InferenceRequest(images, _select_outputs(decoded), decoded.id)


def _header_length(request: Request) -> int | None:
    given = request.header(LENGTH)
    if not given:
        return None
    is_number = given.isascii() and given.isdigit() and len(given) < 20
    if not is_number or int(given) > len(request.body):
        raise ProblemError(
            400,
            f"Inference-Header-Content-Length is {given[:40]}, but must be the length of the JSON "
            "that the body begins with.",
        )
    return int(given)


def _read_tensor(tensor: Input, body: bytes, start: int) -> NDArray[np.float32]:
    """Return the input's images: its data, or the bytes of ``body`` from ``start`` on."""
    shape = _read_shape(tensor.shape)
    if tensor.name != INPUT or tensor.datatype != "FP32":
        raise ProblemError(
            400, f'The input is "{tensor.name[:40]}" of {tensor.datatype[:40]}: {EXPECTED}.'
        )
    if len(shape) != 2 or shape[1] != PIXELS or shape[0] < 1:
        raise ProblemError(400, f"The shape is {shape[:8]}: {EXPECTED}.")
    size, following = tensor.parameters.binary_data_size, len(body) - start
    if size is UNSET:
        data = b"" if tensor.data is UNSET else bytes(tensor.data)
        if following or not has_shape(data, tuple(shape), (prod(shape),)):
            raise ProblemError(
                400, f'"data" does not hold the {shape[0]} x {PIXELS} numbers of the shape.'
            )
        return read_numbers(data).reshape(shape)
    if not size == following == shape[0] * PIXELS * FLOAT32.itemsize or tensor.data is not UNSET:
        raise ProblemError(
            400,
            f"{following} bytes follow the JSON, binary_data_size is {size} and the shape "
            f"{shape} needs {shape[0] * PIXELS * FLOAT32.itemsize}: these must be the same.",
        )
    return view_floats(body, start)


def _read_shape(json: Raw) -> list[int]:
    try:
        return _decode_shape(json) if len(bytes(json)) <= MAX_SHAPE else []
    except msgspec.MsgspecError as error:
        raise ProblemError(400, f"The shape can't be read ({error}): {EXPECTED}.") from None


def _select_outputs(request: RequestBody) -> dict[str, bool]:
    """Return the requested outputs; all of them if the request names none."""
    every = request.parameters.binary_data_output
    if request.outputs is UNSET or not request.outputs:
        return dict.fromkeys(OUTPUTS, every)
    selected = {}
    for output in request.outputs:
        if output.name not in OUTPUTS:
            raise ProblemError(
                400, f'There is no output "{output.name[:40]}": there are {", ".join(OUTPUTS)}.'
            )
        if output.parameters.classification:
            raise ProblemError(
                400, 'Classification is not supported: request "prediction" instead.'
            )
        selected[output.name] = every or output.parameters.binary_data
    return selected
