"""The bodies of requests and responses, as openapi.json documents them."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from mnist_api.codecs.responses import Prediction, Predictions
from mnist_api.signature import CLASSES, PIXELS

PIXEL = {"type": "number", "minimum": 0, "maximum": 1}
FLAT = {"type": "array", "items": PIXEL, "minItems": PIXELS, "maxItems": PIXELS}
ROW = {"type": "array", "items": PIXEL, "minItems": 28, "maxItems": 28}
ROWS = {"type": "array", "items": ROW, "minItems": 28, "maxItems": 28}

Pixels = Annotated[
    list[Annotated[float, Meta(ge=0, le=1)]], Meta(min_length=PIXELS, max_length=PIXELS)
]
Images = Annotated[list[Pixels], Meta(min_length=1)]
Probabilities = Annotated[list[float], Meta(min_length=CLASSES, max_length=CLASSES)]


class Body(Struct, forbid_unknown_fields=True):
    """JSON with exactly these keys."""


class OneImage(Body):
    """784 pixels row by row, or 28 rows of 28."""

    image: Annotated[list[Any], Meta(extra_json_schema={"anyOf": [FLAT, ROWS]})]


class ManyImages(Body):
    """Images that are either all flat or all rows."""

    images: Annotated[
        list[Any],
        Meta(min_length=1, extra_json_schema={"anyOf": [{"items": FLAT}, {"items": ROWS}]}),
    ]


class Form(Struct):
    """One file or several: PNG, JPEG, WebP or BMP."""

    image: Annotated[
        list[Annotated[str, Meta(extra_json_schema={"format": "binary"})]], Meta(min_length=1)
    ]


class Digit(Body):
    """The pixels that a picture is reduced to."""

    image: Pixels


class Health(Body):
    """Whether a model is active."""

    model_loaded: bool
    status: str


class RefusedVersion(Body):
    """The desired version, if it was refused, and the reason."""

    version: str
    reason: str


class ModelDescription(Body):
    """The active version."""

    name: str
    version: str
    run_id: str | None
    test_accuracy: float | None
    sha256: str | None
    source: str  # "registry" or "file"
    since: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    refused: RefusedVersion | None


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


class Instances(Body):
    """Images as MLflow's `instances`."""

    instances: Images


class Inputs(Body):
    """Images as MLflow's `inputs`."""

    inputs: Images


class SplitFrame(Body):
    """A data frame: rows are images."""

    data: Images
    columns: list[Any] | UnsetType = UNSET
    index: list[Any] | UnsetType = UNSET


class DataframeSplit(Body):
    """Images as pandas' orient="split"."""

    dataframe_split: SplitFrame


class DataframeRecords(Body):
    """Images as pandas' orient="records": columns are matched by position."""

    dataframe_records: Annotated[
        list[
            Annotated[
                dict[str, Annotated[float, Meta(ge=0, le=1)]],
                Meta(min_length=PIXELS, max_length=PIXELS),
            ]
        ],
        Meta(min_length=1),
    ]


class ScoringResponse(Body):
    """The probabilities of each image."""

    predictions: Annotated[list[Probabilities], Meta(min_length=1)]


class ScoringError(Body):
    """An error of MLflow's scoring protocol."""

    error_code: Literal["BAD_REQUEST", "INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"]
    message: str


OneOrMany = (OneImage, ManyImages)
Predicted = (Prediction, Predictions)
Scoring = (Instances, Inputs, DataframeSplit, DataframeRecords)
