"""POST /predict and POST /digit."""

from collections.abc import Collection, Mapping

import msgspec

from mnist_api.codecs.data_url import may_hold_picture
from mnist_api.codecs.responses import encode_array, encode_prediction, encode_predictions
from mnist_api.handlers.context import Context
from mnist_api.handlers.probabilities import compute_probabilities
from mnist_api.handlers.request_images import (
    ALIASES,
    FORM,
    PICTURES,
    READERS,
    read_picture_body,
)
from mnist_api.handlers.scores import compute_score, write_header
from mnist_api.http import JSON, NPY, OCTETS, Request, Response, media_type_of
from mnist_api.imaging.file_type import PICTURE, find_picture_type
from mnist_api.problems import ProblemError

SLOW = frozenset((FORM, *PICTURES, *ALIASES))
PICTURE_OR_OCTETS = (*PICTURES, *ALIASES, OCTETS)
FOR_PICTURE = f"-H 'Content-Type: {PICTURES[0]}'"
FOR_ANY = f"-H 'Content-Type: {JSON}' for numbers, or {FOR_PICTURE} for a picture"


def check_predict(headers: Mapping[bytes, bytes]) -> None:
    """Raise ProblemError (415) unless the content type is one that /predict reads."""
    _check_type(headers, READERS, FOR_ANY)


def handle_predict(request: Request, context: Context) -> Response:
    """Return the prediction of one image or several. Raises ProblemError (400, 413, 422, 503)."""
    media_type = media_type_of(request.header(b"content-type"))
    images, is_one = READERS[media_type](request, context)
    in_range = is_one and media_type == JSON
    loaded = context.active.require()
    probabilities = compute_probabilities(images, loaded, in_range, request.checkpoint)
    score = compute_score(images, probabilities, loaded, context) if is_one else None
    headers = write_header(score)
    accept = request.header(b"accept")
    if accept in (OCTETS, NPY):
        return Response(200, accept, encode_array(probabilities, accept), headers)
    if is_one:
        return Response(200, JSON, encode_prediction(probabilities[0]), headers)
    return Response(200, JSON, encode_predictions(probabilities))


def is_fast(request: Request) -> bool:
    """Say whether handling takes well under a millisecond; with pictures it never does."""
    if not request.is_small():
        return False
    media_type = media_type_of(request.header(b"content-type"))
    if media_type == JSON:
        return not may_hold_picture(request.body)
    is_picture = media_type == OCTETS and find_picture_type(request.body)
    return media_type not in SLOW and not is_picture


def check_digit(headers: Mapping[bytes, bytes]) -> None:
    """Raise ProblemError (415) unless the content type can be a picture's."""
    _check_type(headers, PICTURE_OR_OCTETS, FOR_PICTURE)


def handle_digit(request: Request, context: Context) -> Response:
    """Return the 784 pixels that a picture is reduced to. Raises ProblemError (422)."""
    image, _ = read_picture_body(request, context)
    return Response(200, JSON, msgspec.json.encode({"image": image[0].tolist()}))


def _check_type(headers: Mapping[bytes, bytes], known: Collection[str], advice: str) -> None:
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    if content_type == JSON in known or media_type_of(content_type) in known:
        return
    given = (
        f"The content type is {content_type[:100]}" if content_type else "There is no content type"
    )
    if media_type_of(content_type).startswith("image/"):
        raise ProblemError(415, f"{given}: {PICTURE} instead, with curl and {FOR_PICTURE}.")
    needed = ", ".join(one for one in known if one not in ALIASES)
    raise ProblemError(415, f"{given}, but one of {needed} is needed: with curl, add {advice}.")
