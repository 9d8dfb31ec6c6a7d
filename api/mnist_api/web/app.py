"""The Flask app: serves every route of the table, behind any WSGI server."""

from collections.abc import Callable
from time import perf_counter

from flask import Flask, g, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException

from mnist_api.handlers.context import Context
from mnist_api.handlers.route import Route
from mnist_api.handlers.router import check_headers, find_error_writer, find_route, respond
from mnist_api.handlers.routes import ROUTES
from mnist_api.http import REQUEST_ID, Request, Response
from mnist_api.problems import UNEXPECTED, ProblemError, too_large
from mnist_api.telemetry.recorder import RequestRecorder


def create_app(context: Context, recorder: RequestRecorder) -> Flask:
    """Return the app; it records each request."""
    app = Flask("mnist_api", static_folder=None)
    app.url_map.merge_slashes = False  # merging would redirect to the Host header's name
    # One more: without a Content-Length, Flask truncates a longer body instead of refusing it.
    app.config["MAX_CONTENT_LENGTH"] = context.max_body_bytes + 1
    for route in ROUTES:
        name = f"{route.method} {route.template}".replace(".", "_")
        view = _make_view(route, context)
        app.add_url_rule(
            route.template,
            name,
            view,
            methods=[route.method],
            strict_slashes=route.strict_slashes,
        )

    @app.before_request
    def begin() -> FlaskResponse | None:
        g.begin = perf_counter()
        context.hosts.check(request.environ.get("HTTP_HOST", ""))
        requested = request.headers.get("Access-Control-Request-Method", "")
        answer = context.cross_origin.preflight(request.method, requested)
        return _to_flask(answer) if answer else None

    @app.after_request
    def record(response: FlaskResponse) -> FlaskResponse:
        given = request.headers.get(REQUEST_ID, "")
        request_id = response.headers[REQUEST_ID] = recorder.choose_id(given.encode("latin-1"))
        origin = request.headers.get("Origin", "").encode("latin-1")
        response.headers.update(context.cross_origin.find_headers(origin))
        recorder.record(
            find_route(request.method, request.path).template,
            request_id,
            request.method,
            request.path,
            response.status_code,
            response.content_length or 0,
            perf_counter() - g.begin,
            request.remote_addr or "",
        )
        return response

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


def _make_view(route: Route, context: Context) -> Callable[..., FlaskResponse]:
    """Return the function that handles a request for ``route`` in Flask."""

    def view(**variables: str) -> FlaskResponse:
        headers = {
            name.lower().encode(): value.encode("latin-1") for name, value in request.headers
        }
        response = check_headers(route, headers, context)
        if response is None:
            body = request.get_data(cache=False) if route.method == "POST" else b""
            if len(body) > context.max_body_bytes:
                raise too_large(context.max_body_bytes)
            query = request.query_string.decode("latin-1")
            whole = Request(request.path, query, headers, body, variables)
            response = respond(route, whole, context)
        answer = _to_flask(response)
        answer.make_conditional(request)  # 304, if the client has this version of a file
        del answer.headers["Date"]  # the server sends it
        return answer

    return view


def _to_flask(response: Response) -> FlaskResponse:
    headers = dict(response.all_headers(""))
    return FlaskResponse(response.body, response.status, headers)


def _describe(status: int, error: HTTPException) -> str:
    if status == 404:
        return "There is nothing here: GET /docs lists the routes."
    if status == 405:
        return f"{request.method} is not allowed here; the header Allow lists the methods."
    if status >= 500:
        return UNEXPECTED
    return error.description or error.name
