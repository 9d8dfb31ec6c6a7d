"""JSON bodies of /predict, decoded to one image or several, or to pictures."""

from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, Raw, Struct, UnsetType
from numpy.typing import NDArray
from simdjson import Parser

from mnist_api.codecs.data_url import DataUrl, find_data_url, find_data_urls
from mnist_api.codecs.json_errors import IMAGE, explain_image, read_object
from mnist_api.codecs.json_numbers import (
    IMAGE_SHAPES,
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


def decode_json(body: bytes) -> tuple[NDArray[np.float32] | list[DataUrl], bool]:
    """Return the images of ``body``, float32 [n, 784], and whether they are one ``image``.

    Pictures are returned as data URLs. One image is in 0 to 1; ``images`` may be
    out of range. Raises ProblemError (400, 413, 422).
    """
    if (pixels := _decode_plain(body)) is not None:
        return pixels, True
    fields = read_object(_decode_fields, body, IMAGE)
    if isinstance(fields.image, Raw):
        url = find_data_url(fields.image)
        return ([url] if url else _read_image(bytes(fields.image))), True
    if isinstance(fields.images, Raw):
        urls = find_data_urls(fields.images)
        return (urls or read_images(bytes(fields.images), "images")), False
    raise explain_image(b"")


def _read_image(image: bytes) -> NDArray[np.float32]:
    """Return one image as float32 [1, 784], also from a list of it. Raises ProblemError (422)."""
    shapes = (*IMAGE_SHAPES, *((1, *shape) for shape in IMAGE_SHAPES))
    pixels = _to_image(read_numbers(image, np.float64)) if has_shape(image, *shapes) else None
    if pixels is None:
        raise explain_image(image)
    return pixels


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
