"""The table of POST routes: what every door asks, so that every door answers the same.

A door does three things with a POST: it asks ``find_route`` for the path's route; before it reads
the body, it calls ``check_headers``; with the body it calls ``answer``, right away where
``route.is_quick`` allows it, otherwise in a thread.
"""

import logging
from collections.abc import Callable, Mapping

from mnist_api.codecs.content_encoding import CODING, unpack
from mnist_api.handlers.allowed_hosts import AllowedHosts
from mnist_api.handlers.mlflow_scoring import answer_scoring, check_scoring, refuse_scoring
from mnist_api.handlers.open_inference import PLACE, answer_inference, refuse_inference
from mnist_api.handlers.predict import (
    answer_digit,
    answer_predict,
    check_digit,
    check_predict,
    is_quick,
)
from mnist_api.http import Reply, Request, Route
from mnist_api.model.active import Serving
from mnist_api.model.onnx_model import NotFiniteError
from mnist_api.problems import (
    MEDIA_TYPE,
    SURPRISE,
    GoneError,
    ProblemError,
    encode_problem,
    gone,
)

RULES = (  # the paths, as Flask writes them
    "/predict",
    "/digit",
    "/invocations",
    "/v2/models/<name>/infer",
    "/v2/models/<name>/versions/<version>/infer",
)

log = logging.getLogger(__name__)


def find_route(path: str) -> Route | None:
    """Return the route of POST ``path``, None where another part of the API has it, or nobody."""
    return _ROUTES.get(path) or (_INFERENCE if PLACE.fullmatch(path) else None)


def refusal_form(path: str) -> Callable[[ProblemError], Reply]:
    """Return how a refusal at ``path`` is written, whatever the method."""
    if path == "/v2" or path.startswith("/v2/"):
        return refuse_inference
    return _ROUTES[path].refuse if path in _ROUTES else refuse_as_problem


def check_headers(
    route: Route, headers: Mapping[bytes, bytes], hosts: AllowedHosts
) -> Reply | None:
    """Return the refusal of a request by its headers alone, None where its body is welcome."""
    try:
        hosts.check(headers.get(b"host", b"").decode("latin-1"))
        route.check(headers)
    except ProblemError as problem:
        return route.refuse(problem)
    return None


def answer(route: Route, request: Request, serving: Serving) -> Reply:
    """Return the answer to ``request``, whatever it is; a surprise is logged with its trace."""
    try:
        if CODING in request.headers:
            request = unpack(request, serving.most_bytes)
        return route.answer(request, serving)
    except ProblemError as problem:
        return route.refuse(problem)
    except GoneError:
        return route.refuse(gone())
    except NotFiniteError:
        detail = "The model's answer to these pixels is no number: serve another version of it."
        return route.refuse(ProblemError(500, detail))
    except Exception:
        log.exception("POST %s failed", request.path)
        return route.refuse(ProblemError(500, SURPRISE))


def refuse_as_problem(problem: ProblemError) -> Reply:
    """Return ``problem`` as RFC 9457 has it."""
    body = encode_problem(problem.status, problem.detail)
    return Reply(problem.status, MEDIA_TYPE, body, problem.headers)


def _is_never_quick(_: Request) -> bool:
    return False


def _welcome(_: Mapping[bytes, bytes]) -> None:
    """Let any content type in: the protocol's clients send none, or their own."""


_INFERENCE = Route(_welcome, answer_inference, refuse_inference, Request.is_small)
_ROUTES = {
    "/predict": Route(check_predict, answer_predict, refuse_as_problem, is_quick),
    "/digit": Route(check_digit, answer_digit, refuse_as_problem, _is_never_quick),
    "/invocations": Route(check_scoring, answer_scoring, refuse_scoring, Request.is_small),
}
