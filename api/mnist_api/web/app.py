"""The Flask app: serves every route, behind any WSGI server."""

from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from mnist_api.handlers.allowed_hosts import LOCAL_HOSTS, AllowedHosts
from mnist_api.handlers.context import Context
from mnist_api.handlers.router import (
    TEMPLATES,
    check_headers,
    find_error_writer,
    find_route,
    respond,
)
from mnist_api.http import Request, Response
from mnist_api.problems import UNEXPECTED, ProblemError, too_large
from mnist_api.telemetry.recorder import METRICS
from mnist_api.web.model_routes import add_model_routes
from mnist_api.web.pages import add_pages
from mnist_api.web.protocol_routes import add_inference_routes, add_scoring_routes


def create_app(context: Context, hosts: AllowedHosts = LOCAL_HOSTS) -> Flask:
    """Return the app."""
    app = Flask("mnist_api", static_folder=None)
    # One more: without a Content-Length, Flask truncates a longer body instead of refusing it.
    app.config["MAX_CONTENT_LENGTH"] = context.max_body_bytes + 1

    @app.before_request
    def check_host() -> None:
        hosts.check(request.environ.get("HTTP_HOST", ""))

    def post(**_: str) -> FlaskResponse:
        """Handle a POST request as the ASGI application does."""
        route = find_route(request.path)
        if route is None:
            raise NotFound
        headers = {
            name.lower().encode(): value.encode("latin-1") for name, value in request.headers
        }
        error = check_headers(route, headers, hosts)
        if error is not None:
            return _to_flask(error)
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return _to_flask(route.write_error(too_large(context.max_body_bytes)))
        if len(body) > context.max_body_bytes:
            return _to_flask(route.write_error(too_large(context.max_body_bytes)))
        query = request.query_string.decode("latin-1")
        return _to_flask(respond(route, Request(request.path, query, headers, body), context))

    for template in TEMPLATES:
        app.add_url_rule(template, view_func=post, methods=["POST"])

    @app.get(METRICS)
    def metrics() -> FlaskResponse:
        raise ProblemError(
            404, "Only the ASGI application records metrics: start gunicorn as the API does."
        )

    add_model_routes(app, context.active)
    add_inference_routes(app, context.active)
    add_scoring_routes(app, context.active)
    add_pages(app)

    @app.errorhandler(ProblemError)
    def handle_problem(problem: ProblemError) -> FlaskResponse:
        return _to_flask(find_error_writer(request.path)(problem))

    @app.errorhandler(HTTPException)
    def handle_http_exception(error: HTTPException) -> FlaskResponse:
        """Turn Flask's own errors, and its 500 for an unexpected one, into problems."""
        status = error.code or 500
        if status == 413:
            return handle_problem(too_large(context.max_body_bytes))
        headers = {name: value for name, value in error.get_headers() if name == "Allow"}
        return handle_problem(ProblemError(status, _describe(status, error), headers))

    return app


def _to_flask(response: Response) -> FlaskResponse:
    headers = dict(response.headers)
    return FlaskResponse(response.body, response.status, headers, content_type=response.media_type)


def _describe(status: int, error: HTTPException) -> str:
    if status == 404:
        return "There is nothing here: GET /docs lists the routes."
    if status == 405:
        return f"{request.method} is not allowed here; the header Allow lists the methods."
    if status >= 500:
        return UNEXPECTED
    return error.description or error.name
