"""GET /health and GET /model: whether a model is active, and which."""

import msgspec
from flask import Flask, Response

from mnist_api.http import JSON
from mnist_api.model.active import ActiveModel


def add_model_routes(app: Flask, active: ActiveModel) -> None:
    """Add the two routes."""

    @app.get("/health")
    def health() -> Response:
        loaded = active.current is not None
        body = {"model_loaded": loaded, "status": "ok" if loaded else "waiting for a model"}
        return Response(msgspec.json.encode(body), 200 if loaded else 503, mimetype=JSON)

    @app.get("/model")
    def model() -> Response:
        loaded = active.require()
        version, refused = loaded.version, active.refused
        body = {
            "name": version.name,
            "version": version.id,
            "run_id": version.run_id,
            "test_accuracy": version.test_accuracy,
            "sha256": version.sha256,
            "source": loaded.source,
            "since": loaded.since.isoformat(timespec="seconds"),
            "refused": refused and {"version": refused.version, "reason": refused.reason},
        }
        return Response(msgspec.json.encode(body), mimetype=JSON)
