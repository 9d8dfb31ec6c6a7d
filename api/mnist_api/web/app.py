"""The Flask app: complete on its own, behind any WSGI server."""

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from mnist_api.handlers.allowed_hosts import LOCAL_HOSTS, AllowedHosts
from mnist_api.handlers.router import RULES, answer, check_headers, find_route, refusal_form
from mnist_api.http import JSON, Reply, Request
from mnist_api.model.active import Serving
from mnist_api.problems import SURPRISE, ProblemError, too_large
from mnist_api.telemetry.recorder import METRICS
from mnist_api.web.pages import add_pages
from mnist_api.web.protocol_routes import add_inference, add_scoring


def create_app(
    serving: Serving, max_content_length: int, hosts: AllowedHosts = LOCAL_HOSTS
) -> Flask:
    """Return the app that answers with what ``serving`` holds; bodies are bound in bytes."""
    app = Flask("mnist_api", static_folder=None)
    # one more: of a longer body without a length Flask hands over the beginning, as if it were all
    app.config["MAX_CONTENT_LENGTH"] = max_content_length + 1

    @app.before_request
    def check_host() -> None:
        hosts.check(request.environ.get("HTTP_HOST", ""))

    def pass_on(**_: str) -> Response:
        """Answer a POST as the front does."""
        route = find_route(request.path)
        if route is None:
            raise NotFound
        headers = {
            name.lower().encode(): value.encode("latin-1") for name, value in request.headers
        }
        refusal = check_headers(route, headers, hosts)
        if refusal is not None:
            return _respond(refusal)
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return _respond(route.refuse(too_large(max_content_length)))
        if len(body) > max_content_length:
            return _respond(route.refuse(too_large(max_content_length)))
        query = request.query_string.decode("latin-1")
        return _respond(answer(route, Request(request.path, query, headers, body), serving))

    for rule in RULES:
        app.add_url_rule(rule, view_func=pass_on, methods=["POST"])

    @app.get("/health")
    def health() -> Response:
        loaded = serving.current is not None
        answer = {"model_loaded": loaded, "status": "ok" if loaded else "waiting for a model"}
        return Response(msgspec.json.encode(answer), 200 if loaded else 503, mimetype=JSON)

    @app.get("/model")
    def model() -> Response:
        served = serving.require()
        version, refused = served.version, serving.refused
        answer = {
            "name": version.name,
            "version": version.version,
            "run_id": version.run_id,
            "test_accuracy": version.test_accuracy,
            "sha256": version.sha256,
            "source": served.source,
            "since": served.since.isoformat(timespec="seconds"),
            "refused": refused and {"version": refused.version, "reason": refused.reason},
        }
        return Response(msgspec.json.encode(answer), mimetype=JSON)

    @app.get(METRICS)
    def metrics() -> Response:
        raise ProblemError(
            404, "Only the front counts what is asked: run gunicorn as the API does."
        )

    add_inference(app, serving)
    add_scoring(app, serving)
    add_pages(app)

    @app.errorhandler(ProblemError)
    def refuse(problem: ProblemError) -> Response:
        return _respond(refusal_form(request.path)(problem))

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        """Turn Flask's own refusals, and the 500 it makes of a surprise, into problems."""
        status = error.code or 500
        if status == 413:
            return refuse(too_large(max_content_length))
        headers = {name: value for name, value in error.get_headers() if name == "Allow"}
        return refuse(ProblemError(status, _sentence(status, error), headers))

    return app


def _respond(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers), content_type=reply.media_type)


def _sentence(status: int, error: HTTPException) -> str:
    if status == 404:
        return "There is nothing here: GET /docs tells what there is."
    if status == 405:
        return f"{request.method} is not for this address; the header Allow says what is."
    if status >= 500:
        return SURPRISE
    return error.description or error.name
