"""Files for browsers: the page for drawing a digit, and the API reference."""

import hashlib
import mimetypes
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from mnist_api.handlers.context import Context
from mnist_api.http import Request, Response
from mnist_api.problems import ProblemError

WEB = Path(__file__).parents[1] / "web"
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def send_page(folder: str) -> Callable[[Request, Context], Response]:
    """Return the handler of a folder's files; index.html if the template names no file."""

    def send(request: Request, _: Context) -> Response:
        return _read_file(folder, request.variables.get("file", "index.html"))

    return send


@lru_cache(64)
def _read_file(folder: str, name: str) -> Response:
    """Return the response with a file. Raises ProblemError (404) if there is none."""
    path = WEB / folder / name
    if name not in {file.name for file in (WEB / folder).iterdir()}:
        raise ProblemError(404, "There is nothing here: GET /docs lists the routes.")
    content = path.read_bytes()
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-cache",  # revalidated each time, mostly 304
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    }
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return Response(200, media_type, content, headers)
