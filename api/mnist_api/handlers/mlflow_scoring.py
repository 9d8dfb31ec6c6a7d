"""MLflow's scoring protocol, POST /invocations, as `mlflow models serve` implements it."""

from collections.abc import Mapping

import msgspec
import numpy as np
from msgspec import UNSET, Raw, Struct, UnsetType
from numpy.typing import NDArray

from mnist_api.codecs.data_frames import read_csv, read_records
from mnist_api.codecs.json_errors import read_object
from mnist_api.codecs.json_numbers import read_images
from mnist_api.handlers.context import Context
from mnist_api.handlers.probabilities import compute_probabilities
from mnist_api.http import JSON, Request, Response, media_type_of
from mnist_api.problems import ProblemError

MLFLOW_VERSION = "3.17.2"  # whose protocol this is: that of the tracking server
CSV = "text/csv"
KEYS = ("instances", "inputs", "dataframe_split", "dataframe_records")
EXPECTED = f"send an object with exactly one of {', '.join(KEYS)}"
CODES = {503: "TEMPORARILY_UNAVAILABLE", 500: "INTERNAL_ERROR"}


class Split(Struct, forbid_unknown_fields=True):
    """A data frame as pandas' orient="split" writes it; columns are taken by position."""

    data: Raw
    columns: Raw | UnsetType = UNSET
    index: Raw | UnsetType = UNSET


class ScoringRequest(Struct):
    """Exactly one of the four is given. MLflow's "params" are ignored: this model has none."""

    instances: Raw | UnsetType = UNSET
    inputs: Raw | UnsetType = UNSET
    dataframe_split: Split | UnsetType = UNSET
    dataframe_records: Raw | UnsetType = UNSET


_decode = msgspec.json.Decoder(ScoringRequest).decode


def check(headers: Mapping[bytes, bytes]) -> None:
    """Raise ProblemError (415) unless the content type is JSON's or CSV's."""
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    if media_type_of(content_type) not in (JSON, CSV):
        raise ProblemError(
            415, f'The content type is "{content_type[:100]}": send {JSON} or {CSV}.'
        )


def handle(request: Request, context: Context) -> Response:
    """Return the probabilities of the images. Raises ProblemError (400, 422, 503)."""
    is_csv = media_type_of(request.header(b"content-type")) == CSV
    images = read_csv(request.body, request.checkpoint) if is_csv else _read_json(request)
    loaded = context.active.require()
    probabilities = compute_probabilities(images, loaded, checkpoint=request.checkpoint)
    return Response(200, JSON, msgspec.json.encode({"predictions": probabilities.tolist()}))


def write_error(problem: ProblemError) -> Response:
    """Return ``problem`` in MLflow's format, in which invalid input is a 400."""
    status = 400 if problem.status == 422 else problem.status
    error = {"error_code": CODES.get(status, "BAD_REQUEST"), "message": problem.detail}
    return Response(status, JSON, msgspec.json.encode(error), problem.headers)


def _read_json(request: Request) -> NDArray[np.float32]:
    scoring = read_object(_decode, request.body, EXPECTED)
    given = [key for key in KEYS if getattr(scoring, key) is not UNSET]
    if len(given) != 1:
        raise ProblemError(400, f"The body has {len(given)} of the keys: {EXPECTED}.")
    value = getattr(scoring, given[0])
    if given[0] == "dataframe_records":
        return read_records(bytes(value), request.checkpoint)
    if isinstance(value, Split):
        return read_images(bytes(value.data), "data")
    return read_images(bytes(value), given[0])
