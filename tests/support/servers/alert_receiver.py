"""A receiver of the alerts that Alertmanager sends by its webhook."""

import http.server
import json

from support.servers.local_http import QuietHandler


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps name and status of the alerts that Alertmanager sends it."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        super().__init__(("0.0.0.0", 0), Handler)  # noqa: S104 # a container sends them


class Handler(QuietHandler):
    """Receives one notification."""

    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        alerts = [(alert["labels"]["alertname"], alert["status"]) for alert in body["alerts"]]
        self.server.received += alerts
        self.send_response(200)
        self.end_headers()
