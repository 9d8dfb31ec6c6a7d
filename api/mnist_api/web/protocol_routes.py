"""The GET addresses of the Open Inference Protocol and of MLflow's scoring protocol."""

import msgspec
from flask import Flask, Response

from mnist_api.handlers.mlflow_scoring import mlflow_version
from mnist_api.handlers.open_inference import SERVER, describe_model, find_model
from mnist_api.http import JSON
from mnist_api.model.active import Serving
from mnist_api.problems import ProblemError

TEXT = "text/plain; charset=utf-8"


def add_inference(app: Flask, serving: Serving) -> None:
    """Add what the Open Inference Protocol tells about the server and its model."""
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
        ready = serving.current is not None
        return _json({"ready": ready}, 200 if ready else 503)

    @app.get(model)
    @app.get(versioned)
    def v2_model(name: str, version: str | None = None) -> Response:
        return _json(describe_model(find_model(serving, name, version), name))

    @app.get(f"{model}/ready")
    @app.get(f"{versioned}/ready")
    def v2_model_ready(name: str, version: str | None = None) -> Response:
        try:
            find_model(serving, name, version)
        except ProblemError as problem:
            if problem.status == 503:
                return _json({"name": name, "ready": False}, 503)
            raise
        return _json({"name": name, "ready": True})


def add_scoring(app: Flask, serving: Serving) -> None:
    """Add what MLflow's scoring server tells about itself; /health is the API's own."""

    @app.get("/ping")
    def ping() -> Response:
        return Response("\n", 200 if serving.current else 503, content_type=TEXT)

    @app.get("/version")
    def version() -> Response:
        return Response(mlflow_version(), content_type=TEXT)


def _json(answer: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, content_type=JSON)
