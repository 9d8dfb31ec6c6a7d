"""What a door hands to a route, and what it gets back: HTTP without a server."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from werkzeug.http import parse_options_header

from mnist_api.model.active import Serving
from mnist_api.problems import NO_HEADERS, ProblemError

JSON = "application/json"
OCTETS = "application/octet-stream"
NPY = "application/x-npy"
LARGE = 65536  # bytes; one image as JSON is 2 to 20 kB
LARGE_BARE = 13 * LARGE  # bytes of numbers that need no parsing: 256 images of float32


def most_at_once(content_type: str) -> int:
    """Return how long a body may be, in bytes, for an event loop to wait for its answer."""
    return LARGE_BARE if media_type_of(content_type) in (OCTETS, NPY) else LARGE


def go_on() -> None:
    """Do nothing between two units of work: nobody waits."""


class Request(NamedTuple):
    """A POST, read to its end; the door has kept the body within its bound.

    ``checkpoint`` is to be called between two units of a long answer, such as two pictures: it lets
    others have their turn, and raises GoneError where the client no longer waits.
    """

    path: str  # without the percent signs
    query: str  # as it was sent
    headers: Mapping[bytes, bytes]  # names in lower case, as ASGI gives them
    body: bytes
    checkpoint: Callable[[], None] = go_on

    def header(self, name: bytes) -> str:
        """Return the value of ``name``, "" where it was not sent."""
        return self.headers.get(name, b"").decode("latin-1")

    def is_small(self) -> bool:
        """Say whether the body is short, and not only because it is compressed."""
        most = most_at_once(self.header(b"content-type"))
        return len(self.body) <= most and b"content-encoding" not in self.headers


class Reply(NamedTuple):
    """An answer, complete but for its length."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = NO_HEADERS


class Route(NamedTuple):
    """One protocol's way from a request to its answer.

    ``check`` takes the headers before the body is read, ``answer`` the whole request; both raise
    ProblemError. ``refuse`` writes a ProblemError in the protocol's own form. ``is_quick`` says
    whether the answer takes well under a millisecond, so that an event loop may wait for it.
    """

    check: Callable[[Mapping[bytes, bytes]], None]
    answer: Callable[[Request, Serving], Reply]
    refuse: Callable[[ProblemError], Reply]
    is_quick: Callable[[Request], bool]


def media_type_of(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def parameters_of(content_type: str) -> dict[str, str]:
    """Return a content type's parameters."""
    return parse_options_header(content_type)[1]
