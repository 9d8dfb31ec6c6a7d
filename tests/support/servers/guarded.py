"""A reverse proxy of the tracking server that requires a password, or a token, below a path."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path

from support.servers.local_http import QuietHandler, run_server

PREFIX = "/mlflow"


class GuardedServer(ThreadingHTTPServer):
    """Forwards GET requests below ``PREFIX`` that carry the right header; 401 for any others."""

    def __init__(self, target: int, authorization: str, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.authorization = target, authorization
        self.redirect: str | None = None  # answers every request, if it is set
        self.artifacts: bytes | None = None  # replaces the artifacts' address in responses
        self.received: list[str | None] = []  # the Authorization headers
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.host = f"127.0.0.1:{self.server_port}"


class Handler(QuietHandler):
    server: GuardedServer

    def do_GET(self) -> None:
        server = self.server
        server.received.append(self.headers["Authorization"])
        if server.redirect:
            self.send_response(302)
            self.send_header("Location", server.redirect + self.path)
            self.end_headers()
        elif server.received[-1] != server.authorization or not self.path.startswith(PREFIX):
            self.send_error(401)
        else:
            connection = HTTPConnection("127.0.0.1", server.target)
            connection.request("GET", self.path.removeprefix(PREFIX))
            response = connection.getresponse()
            self.send_response(response.status)
            self.end_headers()
            body = response.read()
            if server.artifacts:
                body = body.replace(b"mlflow-artifacts:/", server.artifacts)
            self.wfile.write(body)
            connection.close()


@contextmanager
def guarded(
    target: int, authorization: str, certificate: Path | None = None
) -> Iterator[GuardedServer]:
    server = GuardedServer(target, authorization, certificate)
    with run_server(server):
        yield server


def make_certificate(folder: Path) -> Path:
    """Return a file with a self-signed certificate for 127.0.0.1 and its key."""
    path = folder / "server.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", path, "-out", folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + (folder / "cert.pem").read_text())
    return path
