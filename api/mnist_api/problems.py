"""Errors as RFC 9457 problem details: what is wrong, and what to do about it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

MEDIA_TYPE = "application/problem+json"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
UNEXPECTED = "Something went wrong inside the server. It is logged there; try again."


class ReadingStep(msgspec.Struct, forbid_unknown_fields=True):
    """A step of reading a picture: a small PNG of it, as a data URL."""

    name: Literal["contrast", "found", "digit"]
    image: str


class ProblemError(Exception):
    """A request that cannot be served; the router turns this into an error response."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] = NO_HEADERS,
        steps: Sequence[ReadingStep] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.steps = steps  # how a picture was read, if the request asks for it


class ClientGoneError(Exception):
    """The client has disconnected before its response was ready."""


class Problem(msgspec.Struct, forbid_unknown_fields=True):
    """Problem details of RFC 9457; `detail` says what to do."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str


class PictureProblem(Problem):
    """A picture that is not read, with the steps of reading it if they are asked for."""

    steps: Sequence[ReadingStep] | UnsetType = UNSET


def encode_problem(status: int, detail: str, steps: Sequence[ReadingStep] | None = None) -> bytes:
    """Return the problem's JSON; the type about:blank requires the status's phrase as title."""
    title = HTTPStatus(status).phrase
    if steps is None:
        return msgspec.json.encode(Problem("about:blank", title, status, detail))
    return msgspec.json.encode(PictureProblem("about:blank", title, status, detail, steps))


def too_large(bound: int) -> ProblemError:
    """Return the error for a body of more than ``bound`` bytes."""
    return ProblemError(
        413, f"The body is larger than {bound} bytes: send fewer or smaller images."
    )


def no_model(reason: str = "") -> ProblemError:
    """Return the error while no model is active; ``reason`` is a sentence about the cause."""
    what = reason or "Train and promote one, or wait until the registry answers."
    return ProblemError(
        503,
        f"No model is being served yet. {what} GET /health tells when one is there.",
        {"Retry-After": "2"},
    )


def too_slow() -> ProblemError:
    """Return the error for a request whose body did not arrive in time."""
    return ProblemError(408, "The request's body did not arrive in time: send it again.")


def too_many_connections() -> ProblemError:
    """Return the error for a connection above the limit."""
    return ProblemError(503, "Too many connections are open: try again.", {"Retry-After": "1"})


def overloaded() -> ProblemError:
    """Return the error for a request that exceeds the memory budget or the queue."""
    return ProblemError(
        503, "Too many large requests are in progress: try again.", {"Retry-After": "2"}
    )


def client_gone() -> ProblemError:
    """Return the error that is logged when the client has disconnected; nobody receives it."""
    return ProblemError(408, "The client disconnected before the response was ready.")


def malformed(what: str = "it can't be parsed") -> ProblemError:
    """Return the error for bytes that are not a request of HTTP/1.1."""
    return ProblemError(400, f"The request is malformed: {what}.")
