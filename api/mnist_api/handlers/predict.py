"""POST /predict and POST /digit."""

from collections.abc import Callable, Collection, Mapping
from urllib.parse import parse_qs

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from mnist_api.codecs.data_url import may_hold_picture
from mnist_api.codecs.responses import (
    encode_array,
    encode_digits,
    encode_prediction,
    encode_predictions,
)
from mnist_api.handlers.context import Context
from mnist_api.handlers.probabilities import compute_probabilities
from mnist_api.handlers.request_images import (
    ALIASES,
    FORM,
    PICTURES,
    READERS,
    read_all_digits,
    read_digit_of,
)
from mnist_api.handlers.schemas.digits import Digit
from mnist_api.handlers.scores import compute_scores, describe_unlike, score_images
from mnist_api.http import JSON, NPY, OCTETS, Request, Response, media_type_of
from mnist_api.imaging.file_type import PICTURE, find_picture_type
from mnist_api.imaging.steps import Box, Step, encode_step
from mnist_api.model.digit_score import LOWEST
from mnist_api.problems import NO_HEADERS, ProblemError
from mnist_api.signature import PIXELS, Images

SLOW = frozenset((FORM, *PICTURES, *ALIASES))
PICTURE_OR_OCTETS = (*PICTURES, *ALIASES, OCTETS)
FOR_PICTURE = f"-H 'Content-Type: {PICTURES[0]}'"
FOR_ANY = f"-H 'Content-Type: {JSON}' for numbers, or {FOR_PICTURE} for a picture"


def check_predict(headers: Mapping[bytes, bytes]) -> None:
    """Raise ProblemError (415) unless the content type is one that /predict reads."""
    _check_type(headers, READERS, FOR_ANY)


def handle_predict(request: Request, context: Context) -> Response:
    """Return the prediction of one image or several. Raises ProblemError (400, 413, 422, 503)."""
    if request.query and _is_true(request, "all") and (found := read_all_digits(request, context)):
        return _predict_all(*found, request, context)
    media_type = media_type_of(request.header(b"content-type"))
    read = READERS[media_type](request, context)
    in_range = read.is_one and media_type == JSON
    loaded = context.active.require()
    probabilities = compute_probabilities(
        read.images, loaded, in_range, request.checkpoint, read.picture is not None
    )
    headers = score_images(read, probabilities, loaded, context)
    if read.is_one:
        return _write(request, probabilities, lambda: encode_prediction(probabilities[0]), headers)
    return _write(request, probabilities, lambda: encode_predictions(probabilities))


def _predict_all(images: Images, boxes: list[Box], request: Request, context: Context) -> Response:
    loaded = context.active.require()
    probabilities = compute_probabilities(images, loaded, are_pictures=True)
    if loaded.score is not None:
        highest = max(compute_scores(images, probabilities, loaded.score))
        if highest < LOWEST:
            raise ProblemError(422, describe_unlike(highest))
    return _write(request, probabilities, lambda: encode_digits(probabilities, boxes))


def _write(
    request: Request,
    probabilities: NDArray[np.float32],
    encode: Callable[[], bytes],
    headers: Mapping[str, str] = NO_HEADERS,
) -> Response:
    """Return the probabilities as the header Accept has it, in JSON by ``encode``."""
    accept = request.header(b"accept")
    if accept in (OCTETS, NPY):
        return Response(200, accept, encode_array(probabilities, accept), headers)
    return Response(200, JSON, encode(), headers)


def _is_true(request: Request, name: str) -> bool:
    """Return the value of a parameter, false if it is not given. Raises ProblemError (422)."""
    value = parse_qs(request.query, keep_blank_values=True).get(name, ["false"])[-1]
    if value not in ("true", "false"):
        raise ProblemError(422, f'The parameter {name} is "{value[:40]}": use true or false.')
    return value == "true"


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
    steps: list[Step] | None = [] if request.query and _is_true(request, "steps") else None
    digit = read_digit_of(request.body, context, steps=steps)
    score = _score(digit.image.reshape(1, PIXELS), context)
    shown = UNSET if steps is None else [*map(encode_step, steps)]
    body = Digit(digit.image.tolist(), digit.box, score, shown)
    return Response(200, JSON, msgspec.json.encode(body))


def _score(image: NDArray[np.float32], context: Context) -> float | None:
    """Return the score of one image, None without a version that has one; it is not counted."""
    loaded = context.active.current
    if loaded is None or loaded.score is None:
        return None
    (score,) = compute_scores(image, loaded.model.infer(image), loaded.score)
    return round(score, 3)


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
