"""Nested JSON lists of numbers, decoded in pieces so that memory stays bounded."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from simdjson import Parser

from mnist_api.codecs.json_errors import explain_lists
from mnist_api.signature import PIXELS

PIECE = 65536  # bytes of text decoded at once; decoded they take 10 times as much
IMAGE_SHAPES = ((PIXELS,), (28, 28), (28, 28, 1), (1, 28, 28))  # the last two with a channel
SIMDJSON_ERRORS = (AttributeError, KeyError, RuntimeError, TypeError, ValueError)
PLACEHOLDER = b"\0"  # cannot occur in JSON
_SPACE = b" \t\r\n"
_NUMBER = b"0123456789.eE+-"


def read_images(json: bytes, name: str) -> NDArray[np.float32]:
    """Return the images of well-formed ``json``, called ``name``, as float32 [n, 784].

    Each has one of the shapes in IMAGE_SHAPES. Raises ProblemError (422) for any other shape.
    """
    count = (json.count(b",") + 1) // PIXELS
    if not has_shape(json, *((count, *shape) for shape in IMAGE_SHAPES)):
        raise explain_lists(_outline(json), name)
    return read_numbers(json).reshape(count, PIXELS)


def has_shape(json: bytes, *shapes: tuple[int, ...]) -> bool:
    """Return whether well-formed ``json`` holds only numbers, nested like one of ``shapes``.

    The shapes have the same number of numbers.
    """
    outline = _outline(json)
    if outline.count(b",") + 1 != prod(shapes[0]):  # before anything of that size is allocated
        return False
    found = next((shape for shape in shapes if _is_nested(outline, shape)), None)
    if found is None:
        return False
    return found[-1] > 1 or b"[]" not in json.translate(None, _SPACE)  # [] and [0] look the same


def read_numbers(json: bytes, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return the numbers of ``json``, lists of numbers and nothing else, as ``dtype`` [n]."""
    if len(json) <= PIECE:
        with np.errstate(over="ignore"):  # too large for float32 is out of range anyway
            return _read_piece(json).astype(dtype)
    text = json.translate(None, b"[]" + _SPACE)
    numbers = np.empty(text.count(b",") + 1, dtype)
    start = filled = 0
    while start < len(text):
        end = text.find(b",", start + PIECE)
        end = len(text) if end < 0 else end
        piece = _read_piece(b"[%b]" % text[start:end])
        with np.errstate(over="ignore"):  # too large for float32 is out of range anyway
            numbers[filled : filled + len(piece)] = piece
        start, filled = end + 1, filled + len(piece)
    return numbers


def to_array(numbers: Any) -> NDArray[np.float64]:
    """Return simdjson's list of numbers, however nested, as float64 [n]; raises SIMDJSON_ERRORS."""
    return np.frombuffer(numbers.as_buffer(of_type="d"))


def _read_piece(json: bytes) -> NDArray[np.float64]:
    """Return the numbers of ``json``, lists of numbers; one too large for float64 is infinite."""
    try:
        return to_array(Parser().parse(json))
    except SIMDJSON_ERRORS:  # such as a number of thirty digits
        return np.array([float(number) for number in json.translate(None, b"[]").split(b",")])


def _outline(json: bytes) -> bytes:
    """Return ``json`` without its numbers and white space, such as ``[[,],[,]]``."""
    return json.translate(None, _NUMBER + _SPACE)


def _is_nested(outline: bytes, shape: tuple[int, ...]) -> bool:
    """Return whether lists are nested like ``shape``, replacing the innermost ones first."""
    item = b""
    for length in reversed(shape[1:]):
        outline, item = outline.replace(_list(item, length), PLACEHOLDER), PLACEHOLDER
    return outline == _list(item, shape[0])


def _list(item: bytes, count: int) -> bytes:
    """Return the outline of a list of ``count`` items."""
    return b"[%b]" % ((item + b",") * count)[:-1]
