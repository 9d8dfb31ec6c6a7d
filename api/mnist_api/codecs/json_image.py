"""JSON bodies of /predict, decoded to one image or a list of images."""

from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, Raw, Struct, UnsetType
from numpy.typing import NDArray
from simdjson import Parser

from mnist_api.codecs.json_errors import IMAGE, explain_image, read_object
from mnist_api.codecs.json_numbers import (
    SIMDJSON_ERRORS,
    has_shape,
    read_images,
    read_numbers,
    to_array,
)
from mnist_api.http import LARGE
from mnist_api.signature import PIXELS


class Fields(Struct):
    """The keys of a body, their values left undecoded."""

    image: Raw | UnsetType = UNSET
    images: Raw | UnsetType = UNSET


_decode_fields = msgspec.json.Decoder(Fields).decode


def decode_json(body: bytes) -> tuple[NDArray[np.float32], bool]:
    """Return the images of ``body``, float32 [n, 784], and whether they are one ``image``.

    One image is in 0 to 1; ``images`` may be out of range. Raises ProblemError (400, 422).
    """
    if (pixels := _decode_plain(body)) is not None:
        return pixels, True
    fields = read_object(_decode_fields, body, IMAGE)
    if fields.image is UNSET and fields.images is not UNSET:
        return read_images(bytes(fields.images), "images"), False
    image = b"" if fields.image is UNSET else bytes(fields.image)
    if not has_shape(image, (PIXELS,), (28, 28)):
        raise explain_image(image)
    pixels = _to_image(read_numbers(image, np.float64))
    if pixels is None:
        raise explain_image(image)
    return pixels, True


def _decode_plain(body: bytes) -> NDArray[np.float32] | None:
    """Return the pixels of ``{"image": [784 numbers]}``, the usual form; None for most others.

    simdjson creates no Python number for each pixel, which takes less than half of msgspec's time.
    """
    has_one_list = body.find(b"[") == body.rfind(b"[")  # faster than count()
    if len(body) > LARGE or not has_one_list or not body.isascii():
        return None
    try:
        fields: Any = Parser().parse(body)
        is_one = list(fields).count("image") == 1
        return _to_image(to_array(fields["image"])) if is_one else None
    except SIMDJSON_ERRORS:
        return None


def _to_image(pixels: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Return the pixels as float32 [1, 784], None if they are not 784 numbers in 0 to 1."""
    if len(pixels) != PIXELS or pixels.min() < 0 or pixels.max() > 1:
        return None
    return pixels.astype(np.float32).reshape(1, PIXELS)
