"""Error messages for JSON bodies that hold no image; runs only after decoding has failed."""

import math
import re
from collections.abc import Iterable

import msgspec

from mnist_api.problems import ProblemError
from mnist_api.signature import MAX_BYTE

EXPECTED = 'send {"image": [784 numbers from 0 to 1]}, or {"images": [...]} for many'
MAX_VALUES = 4096
_KINDS = {
    ord("["): "a list",
    ord("{"): "an object",
    ord('"'): "a string",
    ord("t"): "a boolean",
    ord("f"): "a boolean",
    ord("n"): "null",
}
_check_json = msgspec.json.Decoder(msgspec.Raw).decode  # validates, builds nothing
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def explain_refusal(body: bytes) -> ProblemError:
    """Return the error for ``body``: 400 if it is not JSON, 422 if it is not an image."""
    reason = _describe_syntax_error(body)
    if reason:
        return ProblemError(400, reason)
    return ProblemError(422, _describe_mismatch(body))


def _describe_syntax_error(body: bytes) -> str | None:
    if not body.strip():
        return f"The body is empty: {EXPECTED}."
    try:
        body.decode()
        _check_json(body)
    except UnicodeDecodeError as error:
        return f"The body is not UTF-8 (byte {error.start}): {EXPECTED} as UTF-8 text."
    except RecursionError:
        return f"The body is nested too deeply: {EXPECTED}."
    except msgspec.DecodeError as error:
        if re.search(rb"\b(NaN|Infinity)\b", body):
            return "NaN and Infinity are not numbers in JSON: give each pixel a number from 0 to 1."
        return f"The body is not JSON ({error}): {EXPECTED}."
    return None


def _describe_mismatch(body: bytes) -> str:
    """Return why well-formed JSON is not an image."""
    if _kind(body.lstrip()) != "an object":
        return f"The body is {_kind(body.lstrip())}, not an object: {EXPECTED}."
    if body.count(b",") > MAX_VALUES:
        return f"The body has more than {MAX_VALUES} values, but one image has 784: {EXPECTED}."
    fields = _decode_object(body)
    if "image" not in fields:
        return f'The object has no key "image": {EXPECTED}.'
    image = bytes(fields["image"])
    if _kind(image) != "a list":
        return f'"image" is {_kind(image)}, not a list: {EXPECTED}.'
    items = [bytes(item) for item in _decode_list(image)]
    if items and all(_kind(item) == "a list" for item in items):
        rows = [[bytes(value) for value in _decode_list(row)] for row in items]
        return _wrong_values(value for row in rows for value in row) or _wrong_rows(rows)
    return _wrong_values(items) or (
        f'"image" has {len(items)} numbers, but 28 x 28 = 784 are needed: {EXPECTED}.'
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
