"""Content-Encoding: decompression of request bodies."""

import zlib

from mnist_api.http import Request
from mnist_api.problems import ProblemError, too_large

CODING = b"content-encoding"
CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's "wbits"


def decompress(request: Request, max_bytes: int) -> Request:
    """Return ``request`` with its body decompressed, to at most ``max_bytes``.

    Raises ProblemError (400, 413, 415).
    """
    coding = request.header(CODING).strip().lower()
    if coding in ("", "identity"):
        return request
    if coding not in CODINGS:
        raise ProblemError(
            415,
            f"The content encoding is {coding[:40]}: send gzip, deflate or none.",
            {"Accept-Encoding": "gzip, deflate"},
        )
    decompressor = zlib.decompressobj(CODINGS[coding])
    try:
        body = decompressor.decompress(request.body, max_bytes + 1)
    except zlib.error as error:
        raise ProblemError(400, f"The body is not {coding} ({error}).") from None
    if len(body) > max_bytes:
        raise too_large(max_bytes)
    if not decompressor.eof or decompressor.unused_data:
        raise ProblemError(400, f"The body is not one whole {coding} stream.")
    headers = {name: value for name, value in request.headers.items() if name != CODING}
    return request._replace(headers=headers, body=body)
