"""The Flask app: complete on its own, behind any WSGI server."""

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from mnist_api.predict import JSON, answer_predict, check_media_type
from mnist_api.problems import MEDIA_TYPE, SURPRISE, ProblemError, encode_problem, too_large
from mnist_api.serving import Serving


def create_app(serving: Serving, max_content_length: int) -> Flask:
    """Return the app that answers with what ``serving`` holds; bodies are bound in bytes."""
    app = Flask("mnist_api", static_folder=None)
    # one more: of a longer body without a length Flask hands over the beginning, as if it were all
    app.config["MAX_CONTENT_LENGTH"] = max_content_length + 1

    @app.post("/predict")
    def predict() -> Response:
        check_media_type(request.content_type or "")
        body = request.get_data(cache=False)
        if len(body) > max_content_length:
            raise too_large(max_content_length)
        return Response(answer_predict(body, serving), mimetype=JSON)

    @app.get("/health")
    def health() -> Response:
        loaded = serving.current is not None
        answer = {"model_loaded": loaded, "status": "ok" if loaded else "waiting for a model"}
        return Response(msgspec.json.encode(answer), 200 if loaded else 503, mimetype=JSON)

    @app.get("/model")
    def model() -> Response:
        served = serving.require()
        version = served.version
        answer = {
            "name": version.name,
            "version": version.version,
            "run_id": version.run_id,
            "test_accuracy": version.test_accuracy,
            "sha256": version.sha256,
            "source": served.source,
            "since": served.since.isoformat(timespec="seconds"),
        }
        return Response(msgspec.json.encode(answer), mimetype=JSON)

    @app.errorhandler(ProblemError)
    def refuse(problem: ProblemError) -> Response:
        body = encode_problem(problem.status, problem.detail)
        return Response(body, problem.status, dict(problem.headers), mimetype=MEDIA_TYPE)

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        """Turn Flask's own refusals, and the 500 it makes of a surprise, into problems."""
        status = error.code or 500
        if status == 413:
            return refuse(too_large(max_content_length))
        headers = {name: value for name, value in error.get_headers() if name == "Allow"}
        return refuse(ProblemError(status, _sentence(status, error), headers))

    return app


def _sentence(status: int, error: HTTPException) -> str:
    if status == 404:
        return "There is nothing here: POST /predict, GET /health and GET /model are."
    if status == 405:
        return f"{request.method} is not for this address; the header Allow says what is."
    if status >= 500:
        return SURPRISE
    return error.description or error.name
