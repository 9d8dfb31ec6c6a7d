"""The table of POST routes, used by the fast path, the ASGI application and Flask alike.

Each of them calls ``find_route`` with the path, ``check_headers`` before it reads the body, and
``respond`` with the complete request: at once if ``route.is_fast`` allows it, else in a thread.
"""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from mnist_api.codecs.content_encoding import CODING, decompress
from mnist_api.handlers import mlflow_scoring, open_inference, predict
from mnist_api.handlers.allowed_hosts import AllowedHosts
from mnist_api.handlers.context import Context
from mnist_api.http import Request, Response
from mnist_api.model.onnx_model import NotFiniteError
from mnist_api.problems import (
    MEDIA_TYPE,
    UNEXPECTED,
    ClientGoneError,
    ProblemError,
    client_gone,
    encode_problem,
)

TEMPLATES = (  # as Flask writes them
    "/predict",
    "/digit",
    "/invocations",
    "/v2/models/<name>/infer",
    "/v2/models/<name>/versions/<version>/infer",
)

log = logging.getLogger(__name__)


class Route(NamedTuple):
    """How one protocol turns a request into a response.

    ``check`` takes the headers before the body is read, ``handle`` the whole request; both raise
    ProblemError. ``write_error`` writes a ProblemError in the protocol's own format. ``is_fast``
    says whether handling takes well under a millisecond, so that it may run in the event loop.
    """

    check: Callable[[Mapping[bytes, bytes]], None]
    handle: Callable[[Request, Context], Response]
    write_error: Callable[[ProblemError], Response]
    is_fast: Callable[[Request], bool]


def find_route(path: str) -> Route | None:
    """Return the route of POST ``path``, None if there is none in this table."""
    return _ROUTES.get(path) or (_INFERENCE if open_inference.PATH.fullmatch(path) else None)


def find_error_writer(path: str) -> Callable[[ProblemError], Response]:
    """Return what writes an error at ``path``, whatever the method."""
    if path == "/v2" or path.startswith("/v2/"):
        return open_inference.write_error
    return _ROUTES[path].write_error if path in _ROUTES else write_problem


def check_headers(
    route: Route, headers: Mapping[bytes, bytes], hosts: AllowedHosts
) -> Response | None:
    """Return the error for a request with these headers, None if its body may be read."""
    try:
        hosts.check(headers.get(b"host", b"").decode("latin-1"))
        route.check(headers)
    except ProblemError as problem:
        return route.write_error(problem)
    return None


def respond(route: Route, request: Request, context: Context) -> Response:
    """Return the response to any ``request``; an unexpected error is logged with its traceback."""
    try:
        if CODING in request.headers:
            request = decompress(request, context.max_body_bytes)
        return route.handle(request, context)
    except ProblemError as problem:
        return route.write_error(problem)
    except ClientGoneError:
        return route.write_error(client_gone())
    except NotFiniteError:
        detail = "The model's output for these pixels is not finite: serve another version of it."
        return route.write_error(ProblemError(500, detail))
    except Exception:
        log.exception("POST %s failed", request.path)
        return route.write_error(ProblemError(500, UNEXPECTED))


def write_problem(problem: ProblemError) -> Response:
    """Return ``problem`` as RFC 9457 has it."""
    body = encode_problem(problem.status, problem.detail)
    return Response(problem.status, MEDIA_TYPE, body, problem.headers)


def _is_never_fast(_: Request) -> bool:
    return False


def _accept_any_type(_: Mapping[bytes, bytes]) -> None:
    """Check nothing: the protocol's clients send no content type, or their own."""


_INFERENCE = Route(
    _accept_any_type, open_inference.handle, open_inference.write_error, Request.is_small
)
_ROUTES = {
    "/predict": Route(
        predict.check_predict, predict.handle_predict, write_problem, predict.is_fast
    ),
    "/digit": Route(predict.check_digit, predict.handle_digit, write_problem, _is_never_fast),
    "/invocations": Route(
        mlflow_scoring.check, mlflow_scoring.handle, mlflow_scoring.write_error, Request.is_small
    ),
}
