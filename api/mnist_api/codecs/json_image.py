"""JSON bodies of /predict, decoded to one image or a list of images."""

import struct
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from simdjson import Parser

from mnist_api.codecs.json_errors import explain_refusal
from mnist_api.codecs.json_numbers import SIMDJSON_ERRORS, read_images, to_array
from mnist_api.http import LARGE
from mnist_api.signature import PIXELS

Pixel = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Flat(msgspec.Struct):
    """784 pixels, row by row."""

    image: list[Pixel]


class Rows(msgspec.Struct):
    """28 rows of 28 pixels."""

    image: list[list[Pixel]]


class Fields(msgspec.Struct):
    """The keys of a body, their values left undecoded."""

    image: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    images: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


MAX_VALUES = 4096  # in a large body that may be one image

_decode_flat = msgspec.json.Decoder(Flat).decode
_decode_rows = msgspec.json.Decoder(Rows).decode
_decode_fields = msgspec.json.Decoder(Fields).decode
_pack = struct.Struct("784f").pack  # to float32, twice as fast as numpy from a list
_pack_row = struct.Struct("28f").pack


def decode_json(body: bytes) -> tuple[NDArray[np.float32], bool]:
    """Return the images of ``body``, float32 [n, 784], and whether they are one ``image``.

    One image is in 0 to 1; ``images`` may be out of range. Raises ProblemError (400, 422).
    """
    if (pixels := _decode_plain(body)) is not None:
        return pixels, True
    if not body.isascii():
        _check_utf8(body)  # the decoder skips unknown keys without checking that they are UTF-8
    if len(body) <= LARGE or body.count(b",") <= MAX_VALUES:
        try:
            return _shape(_pack(*_decode_flat(body).image)), True
        except (msgspec.MsgspecError, struct.error, RecursionError):
            pass
        if rows := _decode_rows_of(body):
            return _shape(rows), True
    return _decode_batch(body), False


def _decode_plain(body: bytes) -> NDArray[np.float32] | None:
    """Return the pixels of ``{"image": [784 numbers]}``, the usual form; None for any other.

    simdjson creates no Python number for each pixel, which takes less than half of msgspec's time.
    """
    is_plain = len(body) <= LARGE and body.count(b'"') == 2 and body.count(b"[") == 1
    if not is_plain or not body.isascii():
        return None
    try:
        pixels = to_array(Parser().parse(body)["image"])  # type: ignore[index] # checked at run time
    except SIMDJSON_ERRORS:
        return None
    if len(pixels) != PIXELS or pixels.min() < 0 or pixels.max() > 1:
        return None
    return pixels.astype(np.float32).reshape(1, PIXELS)


def _shape(pixels: bytes) -> NDArray[np.float32]:
    return np.frombuffer(pixels, np.float32).reshape(1, 784)


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        raise explain_refusal(body) from None


def _decode_rows_of(body: bytes) -> bytes | None:
    """Return the pixels of an image given as 28 rows, as float32 bytes; None for any other body."""
    try:
        rows = _decode_rows(body).image
        return b"".join(_pack_row(*row) for row in rows) if len(rows) == 28 else None
    except (msgspec.MsgspecError, struct.error, RecursionError):
        return None


def _decode_batch(body: bytes) -> NDArray[np.float32]:
    """Return the images of ``{"images": [...]}``, float32 [n, 784]. Raises ProblemError."""
    try:
        fields = _decode_fields(body)
    except (msgspec.MsgspecError, RecursionError):
        raise explain_refusal(body) from None
    if fields.image is not msgspec.UNSET or fields.images is msgspec.UNSET:
        raise explain_refusal(body)
    return read_images(bytes(fields.images), "images")
