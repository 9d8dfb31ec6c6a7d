"""Prints the routes of MLflow's apps as JSON; run with the tracking server's Python."""

import json
import sys
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from mlflow.server import app as flask_app
from mlflow.server import auth
from mlflow.server.fastapi_app import app as default_app
from starlette.routing import Mount


def native_routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Yield method and path of each route that is not Flask's."""
    for found in iter_route_contexts(app.routes):
        if isinstance(found.route, Mount):
            assert found.route.app.app is flask_app, f"an unknown mount: {found.route}"
        else:
            for method in found.methods:
                yield method, found.path


def flask_routes() -> Iterator[tuple[str, str]]:
    """Yield method and path of each of Flask's routes so far."""
    for rule in flask_app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield method, rule.rule


def main() -> None:
    """Print the routes of each app; basic-auth adds some to the default ones."""
    default = sorted({*native_routes(default_app), *flask_routes()})
    guarded = sorted({*native_routes(auth.create_app()), *flask_routes()})
    json.dump({"default": default, "basic-auth": guarded}, sys.stdout)


if __name__ == "__main__":
    main()
