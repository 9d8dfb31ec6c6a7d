"""What a route is: how it is handled, and what openapi.json says of it."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Any

from mnist_api.handlers.context import Context
from mnist_api.http import JSON, Request, Response
from mnist_api.problems import MEDIA_TYPE, Problem, ProblemError, encode_problem

# A schema is a type that msgspec describes, or bytes or str; a tuple of types is any of them.
Content = Mapping[str, Any]  # media type → schema
NO_CONTENT: Content = MappingProxyType({})
BODY_ERRORS = (400, 408, 413, 415, 500, 503)  # what reading a body can lead to
NO_MODEL = "No model is loaded yet."


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A query parameter or a header, all optional."""

    place: str  # "query" or "header"
    name: str
    description: str
    schema: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The documentation of a route."""

    tag: str
    id: str
    summary: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    accepts: Content = field(default_factory=dict)
    responses: Mapping[int, tuple[str, Content]]  # status → description, content
    response_headers: Mapping[str, str] = field(default_factory=dict)  # of 200: name → description
    errors: tuple[int, ...] = ()  # further statuses, written by the route's write_error


def write_problem(problem: ProblemError) -> Response:
    """Return ``problem`` as RFC 9457 has it."""
    body = encode_problem(problem.status, problem.detail, problem.steps)
    return Response(problem.status, MEDIA_TYPE, body, problem.headers)


def accept_any_type(_: Mapping[bytes, bytes]) -> None:
    """Check nothing: the protocol's clients send no content type, or their own."""


def is_never_fast(_: Request) -> bool:
    """Say that handling may take longer than a millisecond."""
    return False


@dataclass(frozen=True, eq=False)  # hashable, as werkzeug requires of an endpoint
class Route:
    """How a request for ``template`` becomes a response.

    ``check`` takes the headers before the body is read, ``handle`` the whole request; both raise
    ProblemError. ``write_error`` writes a ProblemError in the protocol's own format, of which
    ``error_content`` is the schema. ``is_fast`` says whether handling takes well under a
    millisecond, so that it may run in the event loop. ``is_open`` says that the route needs no
    token, even if the API has one. ``strict_slashes`` says that the path with
    a slash at its end is another one: there, a page's relative links would lead elsewhere.
    """

    method: str
    template: str  # as Flask writes it
    handle: Callable[[Request, Context], Response]
    operation: Operation
    _: KW_ONLY
    check: Callable[[Mapping[bytes, bytes]], None] = accept_any_type
    is_fast: Callable[[Request], bool] = is_never_fast
    is_open: bool = False
    strict_slashes: bool = False
    write_error: Callable[[ProblemError], Response] = write_problem
    error_content: Content = field(default_factory=lambda: {MEDIA_TYPE: Problem})


def returns(schema: object, description: str, status: int = 200) -> dict[int, tuple[str, Content]]:
    """Return the documentation of a response of JSON."""
    return {status: (description, {JSON: schema})}


def returns_text(description: str, status: int = 200) -> dict[int, tuple[str, Content]]:
    """Return the documentation of a response of plain text."""
    return {status: (description, {"text/plain": str})}
