"""Why a JSON body is not what was expected, and what to send."""

import math
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from mnist_api.imaging.file_type import describe_file
from mnist_api.problems import ProblemError
from mnist_api.signature import MAX_BYTE

IMAGE = 'send {"image": [784 numbers from 0 to 1]}, or {"images": [...]} for many'
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # of UTF-8; Windows' editors write it
IGNORED = BYTE_ORDER_MARK + b" \t\r\n"
UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[")  # PowerShell's > writes it
MAX_VALUES = 4096  # that are looked at one by one
_KINDS = {
    ord("["): "a list",
    ord("{"): "an object",
    ord('"'): "a string",
    ord("t"): "a boolean",
    ord("f"): "a boolean",
    ord("n"): "null",
}
_check_json = msgspec.json.Decoder(msgspec.Raw).decode  # validates, builds nothing
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode

Decoded = TypeVar("Decoded")


def read_object(decode: Callable[[bytes], Decoded], body: bytes, expected: str) -> Decoded:
    """Return what ``decode``, a decoder of msgspec, makes of ``body``, which may have a mark.

    Raises ProblemError with what is ``expected``: 400 if it is not JSON, 422 if it is another one.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        if not body.isascii():
            body.decode()  # the decoder skips unknown keys without checking that they are UTF-8
        return decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if reason := _describe_syntax_error(body, expected):
            raise ProblemError(400, reason) from None
        kind = _kind(body.lstrip())
        if kind != "an object":
            raise ProblemError(422, f"The body is {kind}, not an object: {expected}.") from None
        raise ProblemError(422, f"The body is not a request ({error}): {expected}.") from None


def explain_image(image: bytes) -> ProblemError:
    """Return why well-formed JSON is not one image; empty, there was none."""
    return ProblemError(422, _describe_image(image))


def explain_lists(outline: bytes, name: str) -> ProblemError:
    """Return why JSON with this ``outline``, that is without its numbers, is not images."""
    if not outline.startswith(b"["):
        reason = "is not a list"
    elif outline.translate(None, b"[],"):
        reason = "holds more than lists of numbers"
    elif outline == b"[]":
        reason = "is empty"
    else:
        reason = "is not a list of images of 784 numbers, or of 28 rows of 28"
    expected = f'send {{"{name}": [[784 numbers from 0 to 1], ...]}}'
    return ProblemError(422, f'"{name}" {reason}: {expected}.')


def _describe_syntax_error(body: bytes, expected: str) -> str | None:
    if reason := _describe_other_content(body, expected):
        return reason
    try:
        body.decode()
        _check_json(body)
    except UnicodeDecodeError as error:
        return f"The body is not UTF-8 (byte {error.start}): {expected} as UTF-8 text."
    except RecursionError:
        return f"The body is nested too deeply: {expected}."
    except msgspec.DecodeError as error:
        if re.search(rb"\b(NaN|Infinity)\b", body):
            return "NaN and Infinity are not numbers in JSON: give each pixel a number from 0 to 1."
        return f"The body is not JSON ({error}): {expected}."
    return None


def _describe_other_content(body: bytes, expected: str) -> str | None:
    """Return what to do about a body that is empty, another file, or JSON in UTF-16."""
    if not body.strip():
        return f"The body is empty: {expected}."
    if body.startswith(UTF_16):
        return (
            "The body is JSON in UTF-16: send UTF-8 text; in PowerShell, write the file with "
            "-Encoding utf8."
        )
    return None if body.lstrip(IGNORED).startswith(b"{") else describe_file(body)


def _describe_image(image: bytes) -> str:
    if not image:
        return f'The object has no key "image": {IMAGE}.'
    if _kind(image) != "a list":
        return f'"image" is {_kind(image)}, not a list: {IMAGE}.'
    if image.count(b",") > MAX_VALUES:
        return f'"image" has more than {MAX_VALUES} values, but one image has 784: {IMAGE}.'
    items = [bytes(item) for item in _decode_list(image)]
    if items and all(_kind(item) == "a list" for item in items):
        rows = [[bytes(value) for value in _decode_list(row)] for row in items]
        return _wrong_values(value for row in rows for value in row) or _wrong_rows(rows)
    return _wrong_values(items) or (
        f'"image" has {len(items)} numbers, but 28 x 28 = 784 are needed: {IMAGE}.'
    )


def _wrong_rows(rows: list[list[bytes]]) -> str:
    widths = sorted({len(row) for row in rows})
    return (
        f'"image" has {len(rows)} rows of {" or ".join(map(str, widths))} numbers, '
        "but 28 rows of 28 are needed."
    )


def _wrong_values(values: Iterable[bytes]) -> str | None:
    """Return what is wrong with the values, None if each is a number in 0 to 1."""
    numbers = []
    for position, value in enumerate(values):
        if _kind(value) != "a number":
            return f"Pixel {position} is {_kind(value)}: give each pixel a number from 0 to 1."
        # more than 1000 characters: out of range, or padded with zeros; neither is a pixel
        numbers.append(float(value) if len(value) < 1000 else math.inf)
    outside = [number for number in numbers if not 0 <= number <= 1]
    if not outside:
        return None
    highest = max(numbers)
    if min(numbers) >= 0 and 2 <= highest <= MAX_BYTE:
        return f"The pixels go up to {highest:g}, they look like bytes: divide by 255."
    return f"A pixel is {outside[0]:.17g}: give each pixel a number from 0 to 1."


def _kind(json: bytes) -> str:
    return _KINDS.get(json[0], "a number")
