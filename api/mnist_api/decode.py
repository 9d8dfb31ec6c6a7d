"""From a JSON body to the pixels of an image."""

import struct
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.explain import explain_refusal

Pixel = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Flat(msgspec.Struct):
    """784 pixels, row by row."""

    image: list[Pixel]


class Rows(msgspec.Struct):
    """28 rows of 28 pixels."""

    image: list[list[Pixel]]


LARGE = 65536  # bytes; one image is 2 to 20 kB
MOST_VALUES = 4096  # in a large body: more can't be one image, and are not worth their memory

_decode_flat = msgspec.json.Decoder(Flat).decode
_decode_rows = msgspec.json.Decoder(Rows).decode
_pack = struct.Struct("784f").pack  # to float32, twice as fast as numpy from a list
_pack_row = struct.Struct("28f").pack


def decode_image(body: bytes) -> NDArray[np.float32]:
    """Return the image of ``body`` as float32 [1, 784], 0 to 1. Raises ProblemError (400, 422)."""
    if not body.isascii() or (len(body) > LARGE and body.count(b",") > MOST_VALUES):
        _check_unusual(body)
    try:
        pixels = _pack(*_decode_flat(body).image)
    except (msgspec.MsgspecError, struct.error, RecursionError):
        pixels = _decode_otherwise(body)
    return np.frombuffer(pixels, np.float32).reshape(1, 784)


def _check_unusual(body: bytes) -> None:
    """Refuse what the typed decoder would skip over, or spend much memory on."""
    try:
        body.decode()
    except UnicodeDecodeError:
        raise explain_refusal(body) from None
    if len(body) > LARGE and body.count(b",") > MOST_VALUES:
        raise explain_refusal(body)


def _decode_otherwise(body: bytes) -> bytes:
    """Return the pixels of an image given in rows, as float32 bytes. Raises ProblemError."""
    try:
        rows = _decode_rows(body).image
        if len(rows) == 28:
            return b"".join(_pack_row(*row) for row in rows)
    except (msgspec.MsgspecError, struct.error, RecursionError):
        pass
    raise explain_refusal(body)
