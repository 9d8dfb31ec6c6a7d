"""JSON that is not one image or several: the sentence that says why, and what to send."""

import json

import pytest

from mnist_api.codecs.json_image import decode_json
from support.refusals import refused

IMAGE = 'send {"image": [784 numbers from 0 to 1]}, or {"images": [...]} for many'
IMAGES = 'send {"images": [[784 numbers from 0 to 1], ...]}'
PIXEL = "give each pixel a number from 0 to 1"
ZEROS = [0] * 784
ROWS = [[0] * 28] * 28


def image(value: object) -> bytes:
    return json.dumps({"image": value}).encode()


def images(value: object) -> bytes:
    return json.dumps({"images": value}).encode()


def values(*first: str) -> bytes:
    """Return one image that begins with these texts."""
    return b'{"image": [%b]}' % ", ".join([*first, *["0"] * (784 - len(first))]).encode()


UTF_16 = (
    "The body is JSON in UTF-16: send UTF-8 text; in PowerShell, write the file with "
    "-Encoding utf8."
)
NAN = "NaN and Infinity are not numbers in JSON: give each pixel a number from 0 to 1."
NOT_JSON = {
    "nothing": (b"", f"The body is empty: {IMAGE}."),
    "spaces": (b" \n", f"The body is empty: {IMAGE}."),
    "UTF-16": ("[7]".encode("utf-16"), UTF_16),
    "UTF-16, the big end first": ("\ufeff{}".encode("utf-16-be"), UTF_16),
    "UTF-16 without a mark": ("{}".encode("utf-16-le"), UTF_16),
    "a picture": (
        b"\x89PNG\r\n\x1a\n",
        "This is a picture: send it to /predict with the content type image/png.",
    ),
    "text": (b"seven", f"The body is not JSON (…): {IMAGE}."),
    "two marks": (b"\xef\xbb\xbf" * 2 + b'{"a": 1}', f"The body is not JSON (…): {IMAGE}."),
    "half": (b' \t\r\n{"image": [', f"The body is not JSON (…): {IMAGE}."),
    "NaN": (values("NaN"), NAN),
    "Infinity": (values("-Infinity"), NAN),
    "a word with NaN in it": (b'{"image": NaNa}', f"The body is not JSON (…): {IMAGE}."),
    "Latin-1": (b'{"\xff": 1}', f"The body is not UTF-8 (byte 2): {IMAGE} as UTF-8 text."),
    "a mark and Latin-1": (
        b'\xef\xbb\xbf{"image": "\xff"}',
        f"The body is not UTF-8 (byte 11): {IMAGE} as UTF-8 text.",
    ),
    "deep": (b'{"image":' + b"[" * 100_000, f"The body is nested too deeply: {IMAGE}."),
}


@pytest.mark.parametrize(("body", "sentence"), NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_is_told(body: bytes, sentence: str) -> None:
    with refused(400, sentence):
        decode_json(body)


OTHER_JSON = {
    "a list": (b" [7]", "The body is a list, not an object: " + IMAGE),
    "a string": (b'\n"7"', "The body is a string, not an object: " + IMAGE),
    "a number": (b"7", "The body is a number, not an object: " + IMAGE),
    "true": (b"true", "The body is a boolean, not an object: " + IMAGE),
    "false": (b"false", "The body is a boolean, not an object: " + IMAGE),
    "null": (b"null", "The body is null, not an object: " + IMAGE),
    "an object with another key": (b'{"picture": 7}', f'The object has no key "image": {IMAGE}'),
    "null as image": (image(None), f'"image" is null, not a list: {IMAGE}'),
    "an object as image": (image({}), f'"image" is an object, not a list: {IMAGE}'),
    "no numbers": (image([]), f'"image" has 0 numbers, but 28 x 28 = 784 are needed: {IMAGE}'),
    "a number too few": (
        image(ZEROS[1:]),
        f'"image" has 783 numbers, but 28 x 28 = 784 are needed: {IMAGE}',
    ),
    "4097 values": (
        image([0] * 4097),
        f'"image" has 4097 numbers, but 28 x 28 = 784 are needed: {IMAGE}',
    ),
    "more values": (
        image([0] * 4098),
        f'"image" has more than 4096 values, but one image has 784: {IMAGE}',
    ),
    "a row too few": (
        image(ROWS[1:]),
        '"image" has 27 rows of 28 numbers, but 28 rows of 28 are needed',
    ),
    "long and short rows": (
        image([[0] * 29, [0] * 27, *ROWS[2:]]),
        '"image" has 28 rows of 27 or 28 or 29 numbers, but 28 rows of 28 are needed',
    ),
    "a word": (values("0", '"1"'), f"Pixel 1 is a string: {PIXEL}"),
    "a word in the second row": (
        image([[0] * 28, [0, "1"]]),
        f"Pixel 29 is a string: {PIXEL}",
    ),
    "a row among numbers": (image([0, [0]]), f"Pixel 1 is a list: {PIXEL}"),
    "a number among rows": (image([[0], 0]), f"Pixel 0 is a list: {PIXEL}"),
    "bytes": (values("255"), "The pixels go up to 255, they look like bytes: divide by 255"),
    "bytes of a dark image": (
        values("1", "2"),
        "The pixels go up to 2, they look like bytes: divide by 255",
    ),
    "bytes in too many rows": (
        image([[0, 7]]),
        "The pixels go up to 7, they look like bytes: divide by 255",
    ),
    "a little more than 1": (values("1.5"), f"A pixel is 1.5: {PIXEL}"),
    "more than a byte": (values("1", "256"), f"A pixel is 256: {PIXEL}"),
    "bytes below 0": (values("-1", "255"), f"A pixel is -1: {PIXEL}"),
    "1 and a bit": (values("1.0000000000000002"), f"A pixel is 1.0000000000000002: {PIXEL}"),
    "999 characters": (
        values("0." + "5" * 997, "2"),
        "The pixels go up to 2, they look like bytes: divide by 255",
    ),
    "1000 characters": (values("0." + "5" * 998, "2"), f"A pixel is inf: {PIXEL}"),
    "no images": (images([]), f'"images" is empty: {IMAGES}'),
    "an object as images": (images({}), f'"images" is not a list: {IMAGES}'),
    "words as images": (images([["1"]]), f'"images" holds more than lists of numbers: {IMAGES}'),
    "images of other shapes": (
        images([[0]]),
        f'"images" is not a list of images of 784 numbers, or of 28 rows of 28: {IMAGES}',
    ),
}


@pytest.mark.parametrize(("body", "sentence"), OTHER_JSON.values(), ids=OTHER_JSON)
def test_json_that_is_no_image_is_told(body: bytes, sentence: str) -> None:
    with refused(422, f"{sentence}."):
        decode_json(body)
