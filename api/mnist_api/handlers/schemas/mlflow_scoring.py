"""The bodies of POST /invocations."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from mnist_api.handlers.schemas.common import Body, Images, Probabilities
from mnist_api.signature import PIXELS


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


Scoring = (Instances, Inputs, DataframeSplit, DataframeRecords)
