"""Refusals as RFC 9457 problem details: what was wrong, and what to do about it."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec

MEDIA_TYPE = "application/problem+json"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
SURPRISE = "Something went wrong inside the server. It is logged there; try again."


class ProblemError(Exception):
    """A request can't be answered; the web edge turns this into a response."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class GoneError(Exception):
    """The client no longer waits for its answer."""


def encode_problem(status: int, detail: str) -> bytes:
    """Return the problem's JSON; its title is the status's own phrase, as about:blank asks."""
    return msgspec.json.encode(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
        }
    )


def too_large(bound: int) -> ProblemError:
    """Return the refusal of a body of more than ``bound`` bytes."""
    return ProblemError(
        413, f"The body is larger than {bound} bytes: send fewer or smaller images."
    )


def no_model(reason: str = "") -> ProblemError:
    """Return the refusal while no network serves; ``reason`` says more about it."""
    what = reason or "Train and promote one, or wait until the registry answers."
    return ProblemError(
        503,
        f"No model is being served yet. {what} GET /health tells when one is there.",
        {"Retry-After": "2"},
    )


def too_slow() -> ProblemError:
    """Return the refusal of a request that stopped half-way."""
    return ProblemError(408, "The request's body did not arrive in time: send it again.")


def no_room() -> ProblemError:
    """Return the refusal of a connection that is one too many."""
    return ProblemError(503, "Too many connections are open: try again.", {"Retry-After": "1"})


def too_much() -> ProblemError:
    """Return the refusal of a request that there is neither memory nor a place in the queue for."""
    return ProblemError(
        503, "Too many large requests are being worked on: try again.", {"Retry-After": "2"}
    )


def gone() -> ProblemError:
    """Return what is noted of a request whose client left before its answer; nobody reads it."""
    return ProblemError(408, "The client left before the answer was there.")
