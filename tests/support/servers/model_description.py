"""An API that answers one request only: which version is active."""

import contextlib
import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

from support.servers.local_http import QuietHandler, run_server


@contextlib.contextmanager
def responding(status: int, body: Any) -> Iterator[str]:
    """An API whose `GET /model` has this response."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            assert self.path == "/model"
            is_open = self.headers["Authorization"] in (None, "Bearer right")
            self.send_response(status if is_open else 401)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    with run_server(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address
