"""The table of routes: Flask's rules, the fast path and openapi.json follow from it."""

from functools import lru_cache

import msgspec

from mnist_api.handlers.context import Context
from mnist_api.handlers.route import Operation, Route
from mnist_api.handlers.routes import digits, mlflow_scoring, open_inference, pages, state
from mnist_api.handlers.routes.openapi import describe
from mnist_api.http import JSON, Request, Response


@lru_cache(1)
def _write_openapi() -> bytes:
    return msgspec.json.encode(describe(ROUTES))


def _send_openapi(_: Request, __: Context) -> Response:
    return Response(200, JSON, _write_openapi())


ROUTES = (
    *digits.ROUTES,
    *state.ROUTES,
    *open_inference.ROUTES,
    *mlflow_scoring.ROUTES,
    *pages.ROUTES,
    Route(
        "GET",
        "/openapi.json",
        _send_openapi,
        Operation(
            tag=pages.TAG,
            id="openapi",
            summary="The API reference as OpenAPI",
            responses={200: ("The description.", {JSON: dict})},
        ),
        is_open=True,
    ),
)
