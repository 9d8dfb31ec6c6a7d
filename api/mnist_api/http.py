"""HTTP without a server: a request, a response, and the media types."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from werkzeug.http import parse_options_header

from mnist_api.problems import NO_HEADERS

JSON = "application/json"
OCTETS = "application/octet-stream"
NPY = "application/x-npy"
LARGE = 65536  # bytes; one image as JSON is 2 to 20 kB
LARGE_TENSOR = 13 * LARGE  # bytes of numbers that need no parsing: 256 images of float32
REQUEST_ID = "X-Request-ID"
DIGIT_SCORE = "Digit-Score"
MAX_CACHED = 200  # characters of a content type


def skip_checkpoint() -> None:
    """Do nothing between two units of work: nobody waits."""


class Request(NamedTuple):
    """A request, read completely; its body is within the bound.

    ``checkpoint`` is to be called between two units of long work, such as two pictures: other
    requests are served meanwhile. It raises ClientGoneError if the client has disconnected.
    """

    path: str  # percent-decoded
    query: str  # as it was sent
    headers: Mapping[bytes, bytes]  # names in lower case, as in ASGI
    body: bytes
    variables: Mapping[str, str] = NO_HEADERS  # of the route's template
    checkpoint: Callable[[], None] = skip_checkpoint

    def header(self, name: bytes) -> str:
        """Return the value of ``name``, "" if it was not sent."""
        return self.headers.get(name, b"").decode("latin-1")

    def is_small(self) -> bool:
        """Say whether the body is short, and not only because it is compressed."""
        most = max_fast_bytes(self.header(b"content-type"))
        return len(self.body) <= most and b"content-encoding" not in self.headers


class Response(NamedTuple):
    """A response without the headers that every response has."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = NO_HEADERS

    def head(self, request_id: str) -> str:
        """Return the lines of the headers as every server sends them."""
        more = [f"{name}: {value}\r\n" for name, value in self.headers.items()]
        return (
            f"Content-Type: {self.media_type}\r\nContent-Length: {len(self.body)}\r\n"
            f"X-Content-Type-Options: nosniff\r\n{REQUEST_ID}: {request_id}\r\n{''.join(more)}"
        )

    def all_headers(self, request_id: str) -> list[tuple[str, str]]:
        """Return the names and the values in ``head``."""
        lines = self.head(request_id).splitlines()
        return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]


def max_fast_bytes(content_type: str) -> int:
    """Return the length, in bytes, up to which a body is handled in the event loop."""
    return LARGE_TENSOR if media_type_of(content_type) in (OCTETS, NPY) else LARGE


def media_type_of(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return _cut_parameters(content_type[:MAX_CACHED])


@lru_cache(256)
def _cut_parameters(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def parameters_of(content_type: str) -> dict[str, str]:
    """Return a content type's parameters."""
    return parse_options_header(content_type)[1]
