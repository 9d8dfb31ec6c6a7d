"""The routes of the pages for a browser, and of the files in their folders."""

from mnist_api.handlers.pages import send_page
from mnist_api.handlers.route import NO_CONTENT, Operation, Route

TAG = "Pages"
NOT_MODIFIED = {304: ("Not modified since the ETag in If-None-Match.", NO_CONTENT)}
TYPES = ("text/html", "text/javascript", "text/css", "image/svg+xml")


def _page(template: str, folder: str, summary: str) -> Route:
    return Route(
        "GET",
        template,
        send_page(folder),
        Operation(
            tag=TAG,
            id=folder,
            summary=summary,
            responses={200: ("The file.", {"text/html": str})} | NOT_MODIFIED,
        ),
        is_open=True,  # no data; the page asks for the token
        strict_slashes=True,
    )


def _files(folder: str) -> Route:
    return Route(
        "GET",
        f"/{folder}/<file>",
        send_page(folder),
        Operation(
            tag=TAG,
            id=f"{folder}File",
            summary="A file of the page",
            responses={200: ("The file.", dict.fromkeys(TYPES, str))} | NOT_MODIFIED,
            errors=(404,),
        ),
        is_open=True,
        strict_slashes=True,
    )


ROUTES = (
    _page("/", "page", "The page for drawing a digit"),
    _files("page"),
    _page("/docs", "docs", "The API reference as a page"),
    _files("docs"),
)
