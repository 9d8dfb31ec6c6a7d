"""Bodies of JSON for /predict: accepted, and refused with a status and a part of the sentence."""

import gzip
import http.client
import json

import numpy as np

from support.servers.api import IMAGE, Api

JSON = "application/json"
BOUND = 300_000  # MAX_CONTENT_LENGTH
NUMBERS = json.dumps(IMAGE)
PNG = b"\x89PNG\r\n\x1a\n"


def request(  # noqa: PLR0913, PLR0917 # what HTTP has
    api: Api,
    method: str,
    path: str,
    body: bytes = b"",
    content_type: str | None = JSON,
    chunked: bool = False,
) -> tuple[int, str | None, bytes, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    try:
        headers = {} if content_type is None else {"Content-Type": content_type}
        pieces = [body[at : at + 5000] for at in range(0, len(body), 5000)]
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        connection.request(
            method, path, pieces if chunked else body, headers, encode_chunked=chunked
        )
        answer = connection.getresponse()
        media_type = answer.headers["Content-Type"]
        return answer.status, media_type, answer.read(), answer.headers["Allow"]
    finally:
        connection.close()


def image(*first: str) -> bytes:
    """Return the JSON of an image that starts with ``first``."""
    return f'{{"image": [{", ".join([*first, *["0"] * (784 - len(first))])}]}}'.encode()


def rows(*widths: int) -> bytes:
    return json.dumps({"image": [[0.5] * width for width in widths]}).encode()


def shaped(*shape: int) -> bytes:
    return json.dumps({"image": np.full(shape, 0.5).tolist()}).encode()


ACCEPTED = {
    "floats": f'{{"image": {NUMBERS}}}'.encode(),
    "whole numbers": image(),
    "both ends": image("0", "1", "0.0", "1.0", "1e0", "-0"),
    "tiny": image("1e-320", "0.1e-5"),
    "rows": rows(*[28] * 28),
    "another key beside": b'{"id": "a", ' + image()[1:],
    "byte order mark": b"\xef\xbb\xbf" + image(),
    "byte order mark, and a key beside": b"\xef\xbb\xbf" + b'{"ids": [1], ' + image()[1:],
    "28 x 28 x 1": shaped(28, 28, 1),
    "1 x 28 x 28": shaped(1, 28, 28),
    "1 x 28 x 28 x 1": shaped(1, 28, 28, 1),
    "1 x 1 x 28 x 28": shaped(1, 1, 28, 28),
    "1 x 784": shaped(1, 784),
    "white space": b" \n" + image().replace(b",", b" ,\n\t") + b"\n ",
    "padded beyond 64 kB": b" " * 70_000 + image(),
    "UTF-8 beside": '{"who": "Zoë", '.encode() + image()[1:],
}

REFUSED = {
    "empty": (b"", 400, "empty"),
    "white": (b"  \n", 400, "empty"),
    "no JSON": (b"image=1", 400, "not JSON"),
    "cut": (image()[:-2], 400, "not JSON"),
    "two": (image() + image(), 400, "not JSON"),
    "trailing comma": (b'{"image": [0,]}', 400, "not JSON"),
    "two byte order marks": (b"\xef\xbb\xbf" * 2 + image(), 400, "not JSON"),
    "NaN": (image("NaN"), 400, "NaN"),
    "Infinity": (image("Infinity"), 400, "NaN and Infinity"),
    "-Infinity": (image("-Infinity"), 400, "NaN and Infinity"),
    "not UTF-8": (b'{"image": ["\xff"]}', 400, "UTF-8"),
    "not UTF-8 in a key beside": (b'{"\xff": 1, ' + image()[1:], 400, "UTF-8"),
    "UTF-16": (image().decode().encode("utf-16"), 400, "UTF-8"),
    "UTF-16, as PowerShell's > writes it": (
        b"\xff\xfe" + image().decode().encode("utf-16-le"), 400, "-Encoding utf8",
    ),
    "UTF-16 without a mark": (image().decode().encode("utf-16-be"), 400, "-Encoding utf8"),
    "a picture": (PNG + bytes(50), 400, "content type image/png"),
    "a PDF": (b"%PDF-1.7\n", 400, "PDF document"),
    "gzip without its header": (gzip.compress(image()), 400, "Content-Encoding: gzip"),
    "a bare data URL": (b"data:image/png;base64,iVBORw0KGgo=", 400, '{"image": "data:image/png'),
    "deep": (b'{"image": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "deep"),
    "deep objects": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400, "deep"),
    "a list": (NUMBERS.encode(), 422, "not an object"),
    "a number": (b"7", 422, "not an object"),
    "null alone": (b"null", 422, "not an object"),
    "wrong key": (b'{"img": [0]}', 422, 'no key "image"'),
    "capital key": (image().replace(b"image", b"Image"), 422, 'no key "image"'),
    "no key": (b"{}", 422, 'no key "image"'),
    "image a string": (b'{"image": "0,0"}', 422, "a string, not a list"),
    "image null": (b'{"image": null}', 422, "null, not a list"),
    "image an object": (b'{"image": {}}', 422, "an object, not a list"),
    "no pixels": (b'{"image": []}', 422, "has 0 numbers"),
    "783": (b'{"image": [0' + b",0" * 782 + b"]}", 422, "has 783 numbers"),
    "785": (b'{"image": [0' + b",0" * 784 + b"]}", 422, "has 785 numbers"),
    "100000": (b'{"image": [0' + b",0" * 99_999 + b"]}", 422, "784"),
    "strings": (image('"0.5"'), 422, "Pixel 0 is a string"),
    "a null": (image("0", "null"), 422, "Pixel 1 is null"),
    "a boolean": (image("true"), 422, "Pixel 0 is a boolean"),
    "an object inside": (image("{}"), 422, "Pixel 0 is an object"),
    "a list inside": (image("[0]"), 422, "Pixel 0 is a list"),
    "bytes": (image("255", "128"), 422, "divide by 255"),
    "fractions of bytes": (image("254.5"), 422, "divide by 255"),
    "below": (image("-0.01"), 422, "from 0 to 1"),
    "far above": (image("256"), 422, "from 0 to 1"),
    "just above": (image("1.0000001"), 422, "from 0 to 1"),
    "beyond float32": (image("1e39"), 422, "from 0 to 1"),
    "beyond float64": (image("1e999"), 422, "from 0 to 1"),
    "endless digits": (image("9" * 5000), 422, "from 0 to 1"),
    "27 rows": (rows(*[28] * 27), 422, "27 rows"),
    "ragged": (rows(*[28] * 27, 27), 422, "27 or 28"),
    "two images in image": (shaped(2, 784), 422, "2 rows"),
    "28 x 28 x 1 of nothing": (shaped(28, 28, 1).replace(b"0.5", b""), 422, "is a list"),
    "14 x 28 x 2": (shaped(14, 28, 2), 422, "is a list"),
    "784 rows": (rows(*[1] * 784), 422, "784 rows"),
    "rows of bytes": (rows(*[28] * 28).replace(b"0.5", b"200"), 422, "divide by 255"),
    "rows of strings": (rows(*[28] * 28).replace(b"0.5", b'""', 1), 422, "a string"),
    "too large": (b" " * (BOUND + 1), 413, f"{BOUND} bytes"),
    "too large, though right": (b" " * BOUND + image(), 413, f"{BOUND} bytes"),
}  # fmt: skip
