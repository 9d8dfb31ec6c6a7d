"""What a request's head must be, beyond what the parser checks."""

import re
from functools import lru_cache
from typing import Any

import httptools

from mnist_api.problems import ProblemError, malformed

Head = list[tuple[bytes, bytes]]  # names in lower case

TRANSFER_ENCODING, UPGRADE = b"transfer-encoding", b"upgrade"
PADDING = b" \t"  # behind a value

MAX_HEAD = 65536  # bytes of a head, of the trailers, or of a chunk's extensions
MAX_HEADERS = 100
MAX_TARGET = 4094  # bytes
MAX_HOST = 262  # bytes: a name has at most 255, a port 6

_is_host = re.compile(
    rb"(\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+,;=-]+)?(:[0-9]*)?", re.IGNORECASE
).fullmatch


def create_parser(protocol: Any) -> httptools.HttpRequestParser:
    """Return a parser that accepts what ``check_head`` refuses more precisely."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_transfer_encoding=True)
    return parser


def check_size(size: int, headers: int = 0, target: int = 0) -> None:
    """Check a head's bytes, number of headers, and bytes of the target.

    Raises ProblemError (414, 431).
    """
    if target > MAX_TARGET:
        raise ProblemError(414, f"The request's target is longer than {MAX_TARGET} bytes.")
    if size > MAX_HEAD or headers > MAX_HEADERS:
        raise ProblemError(
            431, f"Send at most {MAX_HEADERS} headers, and at most {MAX_HEAD} bytes of them."
        )


def check_head(version: str, head: Head) -> dict[bytes, bytes]:
    """Return the headers by name. Raises ProblemError (400, 501, 505)."""
    headers = dict(head)
    if len(headers) != len(head):
        _check_repeated([name for name, _ in head])
    if version not in ("1.0", "1.1"):
        raise ProblemError(505, "Send the request as HTTP/1.1.")
    if b"host" in headers:
        if len(headers[b"host"]) > MAX_HOST or not is_host(headers[b"host"]):
            raise malformed("the header Host is malformed")
    elif version == "1.1":
        raise malformed("the header Host is missing")
    if version == "1.0":
        headers.pop(b"expect", None)  # HTTP/1.0 has no 100 Continue
    if TRANSFER_ENCODING in headers:
        if version == "1.0":
            raise malformed("HTTP/1.0 has no header Transfer-Encoding")
        if headers[TRANSFER_ENCODING].rstrip(PADDING).lower() != b"chunked":
            raise unsupported_coding()
    return headers


@lru_cache(256)
def is_host(value: bytes) -> bool:
    """Return whether a Host header has the form that RFC 9110 defines."""
    return _is_host(value) is not None


def rewrite_head(parser: httptools.HttpRequestParser, url: bytes, head: Head) -> bytes:
    """Return the bytes of a head that the parser reads as HTTP/1.1 with the body that follows.

    It takes the body of a request with an Upgrade, or with a tab behind "chunked", for something
    else. Raises ProblemError (400) for CONNECT.
    """
    method, version = parser.get_method(), parser.get_http_version().encode()
    if method == b"CONNECT":
        raise malformed("this server is no proxy, and has no CONNECT")
    lines = [b"%b %b HTTP/%b" % (method, url, version)]
    lines += [b"%b: %b" % (name, value.rstrip(PADDING)) for name, value in head if name != UPGRADE]
    return b"\r\n".join([*lines, b"", b""])


def describe_target(parser: httptools.HttpRequestParser, url: bytes) -> tuple[str, str]:
    """Return the method and the path of a request, as far as they are known; else empty."""
    try:
        path = (httptools.parse_url(url).path or b"").decode()
        return parser.get_method().decode(), path
    except (httptools.HttpParserError, UnicodeDecodeError):
        return "", ""


def unsupported_coding() -> ProblemError:
    """Return the error for a transfer encoding other than chunked."""
    return ProblemError(501, "The only transfer encoding that is supported is chunked.")


def _check_repeated(names: list[bytes]) -> None:
    if names.count(b"host") > 1:
        raise malformed("there is more than one header Host")
    if names.count(TRANSFER_ENCODING) > 1:
        raise unsupported_coding()
