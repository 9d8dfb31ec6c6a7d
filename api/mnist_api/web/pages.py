"""What a browser gets: the page to draw on, the API's description and the page that shows it."""

from pathlib import Path

from flask import Flask, Response, send_from_directory

HERE = Path(__file__).parent
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def add_pages(app: Flask) -> None:
    """Add the pages, whose files all come from here."""

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
    answer = send_from_directory(HERE / folder, name)
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-cache"  # asked again each time, answered 304
    return answer
