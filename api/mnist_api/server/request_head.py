"""What a request's head must be, beyond what the parser checks."""

import re
from functools import lru_cache

from mnist_api.problems import ProblemError, malformed

MAX_HEAD = 65536  # bytes of a head, of the trailers, or of a chunk's extensions
MAX_HEADERS = 100
MAX_TARGET = 4094  # bytes

_is_host = re.compile(
    rb"(\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+,;=-]+)?(:[0-9]*)?", re.IGNORECASE
).fullmatch


def check_head(version: str, headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return ``headers`` by name. Raises ProblemError (400, 501, 505)."""
    by_name = dict(headers)
    if len(by_name) != len(headers):
        _check_repeated(headers)
    if b"host" in by_name:
        if not is_host(by_name[b"host"]):
            raise malformed("the header Host is malformed")
    elif version == "1.1":
        raise malformed("the header Host is missing")
    if version not in ("1.0", "1.1"):
        raise ProblemError(505, "Send the request as HTTP/1.1.")
    if b"transfer-encoding" in by_name:
        if version == "1.0":
            raise malformed("HTTP/1.0 has no header Transfer-Encoding")
        if by_name[b"transfer-encoding"].lower() != b"chunked":
            raise ProblemError(501, "The only transfer encoding that is supported is chunked.")
    return by_name


@lru_cache(256)
def is_host(value: bytes) -> bool:
    """Return whether a Host header has the form that RFC 9110 defines."""
    return _is_host(value) is not None


def _check_repeated(headers: list[tuple[bytes, bytes]]) -> None:
    names = [name for name, _ in headers]
    if names.count(b"host") > 1:
        raise malformed("there is more than one header Host")
    if names.count(b"transfer-encoding") > 1:
        raise ProblemError(501, "The only transfer encoding that is supported is chunked.")


def too_long() -> ProblemError:
    """Return the error for a head, trailers or a chunk's extensions above the bounds."""
    return ProblemError(
        431, f"Send at most {MAX_HEADERS} headers, and at most {MAX_HEAD} bytes of them."
    )
