"""The GET routes of the Open Inference Protocol and of MLflow's scoring protocol."""

import msgspec
from flask import Flask, Response

from mnist_api.handlers.mlflow_scoring import mlflow_version
from mnist_api.handlers.open_inference import SERVER, describe_model, find_model
from mnist_api.http import JSON
from mnist_api.model.active import ActiveModel
from mnist_api.problems import ProblemError

TEXT = "text/plain; charset=utf-8"


def add_inference_routes(app: Flask, active: ActiveModel) -> None:
    """Add the Open Inference Protocol's metadata and health of server and model."""
    model = "/v2/models/<name>"
    versioned = f"{model}/versions/<version>"

    @app.get("/v2")
    def v2_server() -> Response:
        return _json(SERVER)

    @app.get("/v2/health/live")
    def v2_live() -> Response:
        return _json({"live": True})

    @app.get("/v2/health/ready")
    def v2_ready() -> Response:
        ready = active.current is not None
        return _json({"ready": ready}, 200 if ready else 503)

    @app.get(model)
    @app.get(versioned)
    def v2_model(name: str, version: str | None = None) -> Response:
        return _json(describe_model(find_model(active, name, version), name))

    @app.get(f"{model}/ready")
    @app.get(f"{versioned}/ready")
    def v2_model_ready(name: str, version: str | None = None) -> Response:
        try:
            find_model(active, name, version)
        except ProblemError as problem:
            if problem.status == 503:
                return _json({"name": name, "ready": False}, 503)
            raise
        return _json({"name": name, "ready": True})


def add_scoring_routes(app: Flask, active: ActiveModel) -> None:
    """Add MLflow's scoring server's GET routes, without /health, which is the API's own."""

    @app.get("/ping")
    def ping() -> Response:
        return Response("\n", 200 if active.current else 503, content_type=TEXT)

    @app.get("/version")
    def version() -> Response:
        return Response(mlflow_version(), content_type=TEXT)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, content_type=JSON)
