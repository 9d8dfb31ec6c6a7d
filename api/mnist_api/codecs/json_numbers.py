"""Nested JSON lists of numbers, decoded to float32 in pieces so that memory stays bounded."""

from math import prod
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from simdjson import Parser

from mnist_api.problems import ProblemError

PIECE = 65536  # bytes of text decoded at once; decoded they take 10 times as much
SIMDJSON_ERRORS = (KeyError, RuntimeError, TypeError, ValueError)
PLACEHOLDER = b"\0"  # cannot occur in JSON
_SPACE = b" \t\r\n"
_NUMBER = b"0123456789.eE+-"
_decode_list = msgspec.json.Decoder(list[float]).decode


def read_images(json: bytes, name: str) -> NDArray[np.float32]:
    """Return the images of well-formed ``json``, called ``name``, as float32 [n, 784].

    Each is 784 numbers, or 28 rows of 28. Raises ProblemError (422) for any other shape.
    """
    count = (json.count(b",") + 1) // 784
    _check_images(_outline(json), count, name)  # before the numbers, which frees the outline
    return read_numbers(json).reshape(count, 784)


def has_shape(json: bytes, shape: tuple[int, ...]) -> bool:
    """Return whether well-formed ``json`` holds only numbers, nested like ``shape`` or flat."""
    outline = _outline(json)
    total = prod(shape)
    if outline.count(b",") + 1 != total:  # before anything of that size is allocated
        return False
    return _is_nested(outline, shape) or outline == _list(b"", total)


def read_numbers(json: bytes) -> NDArray[np.float32]:
    """Return the numbers of ``json``, lists of numbers and nothing else, as float32 [n]."""
    text = json.translate(None, b"[]" + _SPACE)
    numbers = np.empty(text.count(b",") + 1, np.float32)
    start = filled = 0
    while start < len(text):
        end = text.find(b",", start + PIECE)
        end = len(text) if end < 0 else end
        try:
            piece = _read_list(b"[%b]" % text[start:end])
        except msgspec.MsgspecError as error:
            raise ProblemError(422, f"A number can't be read: {error}.") from None
        with np.errstate(over="ignore"):  # too large for float32 is out of range anyway
            numbers[filled : filled + len(piece)] = piece
        start, filled = end + 1, filled + len(piece)
    return numbers


def to_array(numbers: Any) -> NDArray[np.float64]:
    """Return simdjson's list of numbers, however nested, as float64 [n]; raises SIMDJSON_ERRORS."""
    return np.frombuffer(numbers.as_buffer(of_type="d"))


def _read_list(json: bytes) -> NDArray[np.float64]:
    """Return a list's numbers. Raises MsgspecError."""
    try:
        return to_array(Parser().parse(json))
    except SIMDJSON_ERRORS:  # such as a number of thirty digits, which msgspec can read
        return np.array(_decode_list(json))


def _outline(json: bytes) -> bytes:
    """Return ``json`` without its numbers and white space, such as ``[[,],[,]]``."""
    return json.translate(None, _NUMBER + _SPACE)


def _check_images(outline: bytes, count: int, name: str) -> None:
    shapes = ((count, 784), (count, 28, 28))
    if not count or not any(_is_nested(outline, shape) for shape in shapes):
        raise _wrong_shape(outline, name)


def _is_nested(outline: bytes, shape: tuple[int, ...]) -> bool:
    """Return whether lists are nested like ``shape``, replacing the innermost ones first."""
    item = b""
    for length in reversed(shape[1:]):
        outline, item = outline.replace(_list(item, length), PLACEHOLDER), PLACEHOLDER
    return outline == _list(item, shape[0])


def _list(item: bytes, count: int) -> bytes:
    """Return the outline of a list of ``count`` items."""
    return b"[%b]" % ((item + b",") * count)[:-1]


def _wrong_shape(outline: bytes, name: str) -> ProblemError:
    expected = f'send {{"{name}": [[784 numbers from 0 to 1], ...]}}'
    if not outline.startswith(b"["):
        return ProblemError(422, f'"{name}" is not a list: {expected}.')
    if outline.translate(None, b"[],"):
        return ProblemError(422, f'"{name}" holds more than lists of numbers: {expected}.')
    if outline == b"[]":
        return ProblemError(422, f'"{name}" is empty: {expected}.')
    return ProblemError(
        422, f'"{name}" is not a list of images of 784 numbers, or of 28 rows of 28: {expected}.'
    )
