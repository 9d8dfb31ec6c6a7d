"""Pictures in JSON: data URLs, as a canvas's toDataURL() returns them."""

import binascii
import re
from typing import NamedTuple

import msgspec
from msgspec import Raw

from mnist_api.imaging.file_type import find_base64_type
from mnist_api.problems import ProblemError

MAX_PICTURES = 10_000  # more are never allowed; each is an object in memory before it is counted
SHORTEST = 20  # characters before the closing quote of {"image":"data:;base64,
START = b'"data:'

_is_list_of_strings = re.compile(rb'\[\s*"').match
_find_content = re.compile(rb"data:[^,]{0,100};base64,").match
_decode_string = msgspec.json.Decoder(str).decode
_decode_list = msgspec.json.Decoder(list[Raw]).decode


class DataUrl(NamedTuple):
    """A string of JSON that begins like a data URL, and its name for an error."""

    json: Raw
    name: str


def may_hold_picture(body: bytes) -> bool:
    """Return whether there may be a data URL in JSON, without parsing it; False is certain."""
    return body.rfind(b'"') > SHORTEST and START in body


def find_data_url(image: Raw) -> DataUrl | None:
    """Return the string that well-formed ``image`` is, None if it is not a string.

    Raises ProblemError (422) unless it begins like a data URL.
    """
    return _check(DataUrl(image, '"image"')) if bytes(memoryview(image)[:1]) == b'"' else None


def find_data_urls(images: Raw) -> list[DataUrl] | None:
    """Return the items of ``images``, None unless it is a list that begins with a string.

    Raises ProblemError: 413 if they are too many, 422 unless each begins like a data URL.
    """
    if not _is_list_of_strings(images):
        return None
    if bytes(images).count(b'"') > 2 * MAX_PICTURES:
        raise ProblemError(413, f'"images" has more than {MAX_PICTURES} strings: send fewer.')
    items = enumerate(_decode_list(images), 1)
    return [_check(DataUrl(json, f"Picture {number}")) for number, json in items]


def read_data_url(url: DataUrl) -> bytes:
    """Return the file in a data URL. Raises ProblemError (422)."""
    text = bytes(memoryview(url.json)[1:-1])
    if b"\\" in text:  # PHP escapes each slash; base64 in lines of 76 has line breaks
        text = _decode_string(url.json).encode().translate(None, b"\r\n")
    content = _find_content(text)
    if content is None:
        raise ProblemError(
            422,
            f"{url.name} is a data URL without base64: send data:image/png;base64, and the file in "
            "base64.",
        )
    try:
        return binascii.a2b_base64(memoryview(text)[content.end() :], strict_mode=True)
    except binascii.Error as error:
        raise ProblemError(
            422,
            f"{url.name} is a data URL whose base64 can't be read ({error}): send all that "
            "toDataURL() returns, unchanged.",
        ) from None


def _check(url: DataUrl) -> DataUrl:
    start = bytes(memoryview(url.json)[:20])
    if start.startswith(START):
        return url
    if media_type := find_base64_type(start[1:]):
        raise ProblemError(
            422, f"{url.name} is base64 without its type: put data:{media_type};base64, before it."
        )
    kind = "a string, not a list" if start.startswith(b'"') else "not a string, as the first one is"
    raise ProblemError(
        422,
        f"{url.name} is {kind}: send 784 numbers from 0 to 1, or a picture as "
        '"data:image/png;base64,...", as toDataURL() returns it.',
    )
