"""For browsers: the page to draw on, openapi.json and the page that shows it."""

from pathlib import Path

from flask import Flask, Response, send_from_directory

HERE = Path(__file__).parent
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def add_pages(app: Flask) -> None:
    """Add the pages."""

    @app.get("/")
    def index() -> Response:
        return _send("page", "index.html")

    @app.get("/page/<name>")
    def page(name: str) -> Response:
        return _send("page", name)

    @app.get("/docs")
    def docs() -> Response:
        return _send("docs", "index.html")

    @app.get("/docs/<name>")
    def docs_file(name: str) -> Response:
        return _send("docs", name)

    @app.get("/openapi.json")
    def openapi() -> Response:
        return _send(".", "openapi.json")


def _send(folder: str, name: str) -> Response:
    response = send_from_directory(HERE / folder, name)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-cache"  # revalidated each time, mostly 304
    return response
