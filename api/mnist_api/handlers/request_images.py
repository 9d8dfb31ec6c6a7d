"""The images of a request's body, by its media type."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_api.codecs.data_url import read_data_url
from mnist_api.codecs.json_image import decode_json
from mnist_api.codecs.multipart import FIELD, read_files
from mnist_api.codecs.npy import read_npy
from mnist_api.codecs.raw_tensor import find_dtype, read_raw_tensor
from mnist_api.handlers.context import Context
from mnist_api.http import JSON, NPY, OCTETS, Request, media_type_of
from mnist_api.imaging.file_type import NPY_FILE, find_picture_type
from mnist_api.imaging.picture import Digit, read_digit, read_digits
from mnist_api.imaging.picture_file import PictureError
from mnist_api.imaging.steps import Box, Step, encode_step
from mnist_api.problems import ProblemError
from mnist_api.signature import PIXELS, Images

FORM = "multipart/form-data"
PICTURES = ("image/png", "image/jpeg", "image/webp", "image/bmp")
ALIASES = ("image/jpg", "image/pjpeg", "image/x-png", "image/x-ms-bmp", "image/x-bmp")


class RequestImages(NamedTuple):
    """The images of a request, uint8 or float32 [n, 784].

    ``is_one`` says that the response is no list; ``picture`` begins an error about one of several
    pictures, "File" or "Picture", "" about the only one, and is None for numbers.
    """

    images: Images
    is_one: bool
    picture: str | None = None

    def name(self, index: int) -> str:
        """Return the beginning of an error about the picture at ``index``."""
        return f"{self.picture} {index + 1}: " if self.picture else ""


def _read_picture_body(request: Request, context: Context) -> RequestImages:
    image = read_digit_of(request.body, context).image
    return RequestImages(image.reshape(1, PIXELS), True, "")


def read_all_digits(request: Request, context: Context) -> tuple[Images, list[Box]] | None:
    """Return the digits of the only picture in a body, float32 [n, 784], and where they are.

    Returns None if the body holds numbers. Raises ProblemError (422, and what the readers raise).
    """
    files = _find_files(request, context)
    if files is None:
        return None
    pictures = [*islice(files, 2)]
    if not pictures:
        raise _no_file()
    if len(pictures) > 1:
        raise ProblemError(422, "?all=true reads one picture: send each in its own request.")
    try:
        digits = read_digits(pictures[0], context.picture_lock)
    except PictureError as error:
        raise ProblemError(422, str(error)) from error
    return np.stack([digit.image for digit in digits]), [digit.box for digit in digits]


def _find_files(request: Request, context: Context) -> Iterable[bytes] | None:
    """Return the pictures in a body, None if it holds numbers."""
    media_type = media_type_of(request.header(b"content-type"))
    if media_type == FORM:
        return read_files(request.body, request.header(b"content-type"), context.max_form_files)
    if media_type == JSON:
        images, _ = decode_json(request.body)
        return map(read_data_url, images) if isinstance(images, list) else None
    is_picture = find_picture_type(request.body) and find_dtype(request) is None
    return (
        None if media_type == NPY or (media_type == OCTETS and not is_picture) else [request.body]
    )


def _read_json(request: Request, context: Context) -> RequestImages:
    images, is_one = decode_json(request.body)
    if not isinstance(images, list):
        return RequestImages(images, is_one)
    if len(images) > context.max_form_files:
        raise ProblemError(
            413,
            f'"images" has more than {context.max_form_files} pictures: send them in several '
            "requests.",
        )
    files = map(read_data_url, images)
    which = "" if is_one else "Picture"
    return RequestImages(_read_digits(files, request, context, which), is_one, which)


def _read_form(request: Request, context: Context) -> RequestImages:
    files = read_files(request.body, request.header(b"content-type"), context.max_form_files)
    digits = _read_digits(files, request, context, "File")
    if not len(digits):
        raise _no_file()
    return RequestImages(digits, len(digits) == 1, "File")


def _read_octets(request: Request, context: Context) -> RequestImages:
    """Read a raw tensor; without a dtype, also a picture or a .npy file, which begin as none."""
    is_npy = request.body.startswith(NPY_FILE)
    if (is_npy or find_picture_type(request.body)) and find_dtype(request) is None:
        return (_read_npy if is_npy else _read_picture_body)(request, context)
    images = read_raw_tensor(request)
    return RequestImages(images, len(images) == 1)


def _read_npy(request: Request, _: Context) -> RequestImages:
    return RequestImages(*read_npy(request.body))


def _read_digits(
    files: Iterable[bytes], request: Request, context: Context, which: str
) -> NDArray[np.float32]:
    """Return the digits of pictures, float32 [n, 784]; ``which`` names one in an error."""
    digits = [np.empty((0, PIXELS), np.float32)]
    for number, content in enumerate(files, 1):
        digit = read_digit_of(content, context, f"{which} {number}: " if which else "")
        digits.append(digit.image.reshape(1, PIXELS))
        request.checkpoint()
    return np.concatenate(digits)


def _no_file() -> ProblemError:
    return ProblemError(
        422, f'The form has no file named "{FIELD}": with curl, -F {FIELD}=@seven.png.'
    )


def read_digit_of(
    content: bytes, context: Context, which: str = "", steps: list[Step] | None = None
) -> Digit:
    """Return the digit of a picture file; ``steps`` gets how it was read.

    Raises ProblemError (422), whose sentence begins with ``which``.
    """
    try:
        return read_digit(content, context.picture_lock, steps)
    except PictureError as error:
        shown = None if steps is None else [*map(encode_step, steps)]
        raise ProblemError(422, f"{which}{error}", steps=shown) from error


READERS: dict[str, Callable[[Request, Context], RequestImages]] = {  # by media type
    JSON: _read_json,
    FORM: _read_form,
    **dict.fromkeys((*PICTURES, *ALIASES), _read_picture_body),
    OCTETS: _read_octets,
    NPY: _read_npy,
}
