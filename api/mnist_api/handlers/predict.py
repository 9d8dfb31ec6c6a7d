"""POST /predict and POST /digit: JSON, pictures, forms, raw tensors and .npy files."""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.codecs.json_image import decode_json
from mnist_api.codecs.multipart import FIELD, read_files
from mnist_api.codecs.npy import read_npy
from mnist_api.codecs.raw_tensor import read_raw_tensor
from mnist_api.codecs.responses import encode_array, encode_prediction, encode_predictions
from mnist_api.handlers.context import Context
from mnist_api.handlers.probabilities import compute_probabilities
from mnist_api.http import JSON, NPY, OCTETS, Request, Response, media_type_of
from mnist_api.imaging.picture import read_picture
from mnist_api.imaging.picture_file import PictureError
from mnist_api.problems import ProblemError
from mnist_api.signature import Images

FORM = "multipart/form-data"
PICTURES = ("image/png", "image/jpeg", "image/webp", "image/bmp")


def check_predict(headers: Mapping[bytes, bytes]) -> None:
    """Raise ProblemError (415) unless the content type is one that /predict reads."""
    _check_type(headers, _READERS)


def handle_predict(request: Request, context: Context) -> Response:
    """Return the prediction of one image or several. Raises ProblemError (400, 413, 422, 503)."""
    media_type = media_type_of(request.header(b"content-type"))
    images, is_one = _READERS[media_type](request, context)
    in_range = is_one and media_type == JSON
    loaded = context.active.require()
    probabilities = compute_probabilities(images, loaded, in_range, request.checkpoint)
    accept = request.header(b"accept")
    if accept in (OCTETS, NPY):
        return Response(200, accept, encode_array(probabilities, accept))
    if is_one:
        return Response(200, JSON, encode_prediction(probabilities[0]))
    return Response(200, JSON, encode_predictions(probabilities))


def is_fast(request: Request) -> bool:
    """Say whether handling takes well under a millisecond; with pictures it never does."""
    media_type = media_type_of(request.header(b"content-type"))
    return request.is_small() and media_type not in (FORM, *PICTURES)


def check_digit(headers: Mapping[bytes, bytes]) -> None:
    """Raise ProblemError (415) unless the content type can be a picture's."""
    _check_type(headers, (*PICTURES, OCTETS))


def handle_digit(request: Request, context: Context) -> Response:
    """Return the 784 pixels that a picture is reduced to. Raises ProblemError (422)."""
    image, _ = _read_picture(request, context)
    return Response(200, JSON, msgspec.json.encode({"image": image[0].tolist()}))


def _check_type(
    headers: Mapping[bytes, bytes], known: Mapping[str, object] | tuple[str, ...]
) -> None:
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    if content_type == JSON in known or media_type_of(content_type) in known:
        return
    given = (
        f"The content type is {content_type[:100]}" if content_type else "There is no content type"
    )
    example = JSON if JSON in known else PICTURES[0]
    raise ProblemError(
        415,
        f"{given}, but one of {', '.join(known)} is needed: "
        f"with curl, add -H 'Content-Type: {example}'.",
    )


def _read_json(request: Request, _: Context) -> tuple[Images, bool]:
    return decode_json(request.body)


def _read_raw_tensor(request: Request, _: Context) -> tuple[Images, bool]:
    images = read_raw_tensor(request)
    return images, len(images) == 1


def _read_npy(request: Request, _: Context) -> tuple[Images, bool]:
    return read_npy(request.body)


def _read_picture(request: Request, context: Context) -> tuple[Images, bool]:
    return _digit(request.body, context).reshape(1, 784), True


def _read_form(request: Request, context: Context) -> tuple[Images, bool]:
    files = read_files(request.body, request.header(b"content-type"), context.max_form_files)
    digits = []
    for number, content in enumerate(files, 1):
        digits.append(_digit(content, context, f"File {number}: "))
        request.checkpoint()
    if not digits:
        raise ProblemError(
            422, f'The form has no file named "{FIELD}": with curl, -F {FIELD}=@seven.png.'
        )
    return np.stack(digits), len(digits) == 1


def _digit(content: bytes, context: Context, which: str = "") -> NDArray[np.float32]:
    """Return the digit of a picture, float32 [784]. Raises ProblemError (422)."""
    try:
        return read_picture(content, context.picture_lock)
    except PictureError as error:
        raise ProblemError(422, f"{which}{error}") from error


# by media type: returns the images, and whether it is one image, answered without a list
_READERS: dict[str, Callable[[Request, Context], tuple[Images, bool]]] = {
    JSON: _read_json,
    FORM: _read_form,
    **dict.fromkeys(PICTURES, _read_picture),
    OCTETS: _read_raw_tensor,
    NPY: _read_npy,
}
