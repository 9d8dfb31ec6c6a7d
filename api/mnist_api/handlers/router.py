"""Finds a request's route in the table, and handles it, for the three ways in alike.

The fast path, the ASGI application and Flask call ``find_route``, ``check_headers`` before they
read the body, and ``respond`` with the complete request: at once if ``route.is_fast`` allows it,
else in a thread.
"""

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from mnist_api.codecs.content_encoding import CODING, decompress
from mnist_api.handlers import open_inference
from mnist_api.handlers.context import Context
from mnist_api.handlers.route import Route, write_problem
from mnist_api.handlers.routes import ROUTES
from mnist_api.http import Request, Response
from mnist_api.model.onnx_model import NotFiniteError
from mnist_api.problems import (
    NO_HEADERS,
    UNEXPECTED,
    ClientGoneError,
    ProblemError,
    client_gone,
)
from mnist_api.telemetry.metrics import OTHER

log = logging.getLogger(__name__)

TEMPLATES = frozenset(route.template for route in ROUTES)
_paths = Map(
    [
        Rule(
            route.template,
            methods=[route.method],
            endpoint=route,
            strict_slashes=route.strict_slashes,
        )
        for route in ROUTES
    ],
    merge_slashes=False,  # merging would redirect to the Host header's name
).bind("")


class Match(NamedTuple):
    """What the table has for a path; ``route`` is None if it has nothing for this method."""

    route: Route | None
    template: str = OTHER
    variables: Mapping[str, str] = NO_HEADERS


@lru_cache(1024)
def find_route(method: str, path: str) -> Match:
    """Return the route of a request; the template also where only the method is wrong."""
    try:
        route, variables = _paths.match(path, method)
        return Match(route, route.template, variables)
    except MethodNotAllowed as error:
        allowed = next(iter(error.valid_methods or ()), "")
        return find_route(allowed, path)._replace(route=None)
    except HTTPException:
        return Match(None)


def find_error_writer(path: str) -> Callable[[ProblemError], Response]:
    """Return what writes an error at ``path``, whatever the method."""
    if path == "/v2" or path.startswith("/v2/"):
        return open_inference.write_error
    route = find_route("POST", path).route
    return route.write_error if route else write_problem


def check_headers(
    route: Route, headers: Mapping[bytes, bytes], context: Context
) -> Response | None:
    """Return the error for a request with these headers, None if its body may be read."""
    try:
        context.hosts.check(headers.get(b"host", b"").decode("latin-1"))
        if not route.is_open:
            context.token.check(headers)
        route.check(headers)
    except ProblemError as problem:
        return route.write_error(problem)
    return None


def respond(route: Route, request: Request, context: Context) -> Response:
    """Return the response to any ``request``; an unexpected error is logged with its traceback."""
    try:
        if route.method == "POST" and CODING in request.headers:
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
        log.exception("%s %s failed", route.method, request.path)
        return route.write_error(ProblemError(500, UNEXPECTED))
