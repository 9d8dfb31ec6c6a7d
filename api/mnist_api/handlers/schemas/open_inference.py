"""The bodies of the Open Inference Protocol."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from mnist_api.handlers.schemas.common import FLAT, PIXEL, Body


class InferenceParameters(Struct):
    """Parameters of the binary tensor data extension."""

    binary_data_size: (
        Annotated[
            int, Meta(ge=0, description="Of a tensor: the number of its bytes after the JSON.")
        ]
        | UnsetType
    ) = UNSET
    binary_data: Annotated[
        bool | UnsetType, Meta(description="Of an output: whether it is returned as binary.")
    ] = UNSET
    binary_data_output: Annotated[
        bool | UnsetType,
        Meta(description="Of the request: whether all outputs are returned as binary."),
    ] = UNSET


class InputTensor(Struct):
    """The images; the numbers are flat or nested like the shape."""

    name: Literal["image"]
    shape: Annotated[
        list[int],
        Meta(
            min_length=2,
            max_length=2,
            extra_json_schema={"prefixItems": [{"type": "integer", "minimum": 1}, {"const": 784}]},
        ),
    ]
    datatype: Literal["FP32"]
    parameters: InferenceParameters | UnsetType = UNSET
    data: Annotated[
        list[Any] | UnsetType,
        Meta(extra_json_schema={"anyOf": [{"items": PIXEL}, {"items": FLAT}]}),
    ] = UNSET


class RequestedOutput(Struct):
    """An output to return."""

    name: Literal["probabilities", "prediction"]
    parameters: InferenceParameters | UnsetType = UNSET


class InferenceRequest(Struct):
    """A request of the Open Inference Protocol."""

    inputs: Annotated[list[InputTensor], Meta(min_length=1, max_length=1)]
    outputs: list[RequestedOutput] | UnsetType = UNSET
    id: str | UnsetType = UNSET
    parameters: InferenceParameters | UnsetType = UNSET


class OutputTensor(Struct):
    """One output: its numbers are here, or follow the JSON."""

    name: Literal["probabilities", "prediction"]
    shape: list[int]
    datatype: Literal["FP32", "INT64"]
    parameters: InferenceParameters | UnsetType = UNSET
    data: list[float] | UnsetType = UNSET


class InferenceResponse(Body):
    """A response of the Open Inference Protocol."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | UnsetType = UNSET


class InferenceError(Body):
    """An error of the Open Inference Protocol."""

    error: str


class ServerMetadata(Body):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(Body):
    """An input or an output; -1 in the shape is the number of images."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Body):
    """The model's inputs and outputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class Live(Body):
    """Whether the server is alive."""

    live: bool


class Ready(Body):
    """Whether the server is ready."""

    ready: bool


class ModelReady(Body):
    """Whether the model is ready."""

    name: str
    ready: bool
