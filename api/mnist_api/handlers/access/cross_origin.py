"""CORS: the origins whose pages may call the API from a browser and read its responses."""

import re
from collections.abc import Iterable, Mapping

from mnist_api.http import DIGIT_SCORE, REQUEST_ID, Response
from mnist_api.problems import NO_HEADERS

ANY = "*"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
VARY = {"Vary": "Origin"}  # a cache must not give one origin's response to another
EXPOSED = {
    "Access-Control-Expose-Headers": f"{REQUEST_ID}, {DIGIT_SCORE}, Retry-After, "
    "Inference-Header-Content-Length"
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "Content-Type, Content-Encoding, "
    f"Inference-Header-Content-Length, {REQUEST_ID}, Authorization, *",  # * is all but the former
    "Access-Control-Max-Age": "600",  # seconds
}


class CrossOrigin:
    """The allowed ``origins``, as a browser sends them, or "*"; without any, nothing is added."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        names = frozenset(origins)
        self._is_used = bool(names)
        self._others: Mapping[str, str] = VARY if names else NO_HEADERS
        self._allowed = {
            name.encode("latin-1"): {ALLOW_ORIGIN: name} | EXPOSED | VARY for name in names
        }
        if ANY in names:
            self._others, self._allowed = {ALLOW_ORIGIN: ANY} | EXPOSED, {}

    def find_headers(self, origin: bytes) -> Mapping[str, str]:
        """Return what each response to ``origin``, the request's header or b"", has."""
        return self._allowed.get(origin, self._others)

    def allow(self, response: Response, origin: bytes) -> Response:
        """Return ``response`` with the headers for ``origin``."""
        if not self._is_used:
            return response
        return response._replace(headers={**response.headers, **self.find_headers(origin)})

    def preflight(self, method: str, requested: str) -> Response | None:
        """Return the response to a preflight request, None to any other request.

        ``requested`` is the header Access-Control-Request-Method. The response needs the headers of
        ``find_headers`` as well.
        """
        is_preflight = self._is_used and method == "OPTIONS" and requested
        return Response(204, "text/plain", b"", PREFLIGHT) if is_preflight else None


def is_origin(text: str) -> bool:
    """Return whether ``text`` is an origin as a browser sends it, or "*"."""
    default = {"http": ":80", "https": ":443"}
    parts = re.fullmatch(
        r"([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", text
    )
    if parts is None:
        return text in ("*", "null")  # the latter: a page that was opened as a file
    return parts[3] is None or parts[3] != default.get(parts[1])


SAME_ORIGIN = CrossOrigin()
