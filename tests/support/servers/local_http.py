"""Runs an HTTP server in a thread while a test needs it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class QuietHandler(BaseHTTPRequestHandler):
    """Prints no line for a request."""

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def run_server(server: HTTPServer) -> Iterator[str]:
    """Run ``server`` and yield its address; close it afterwards."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
