"""The API's speed: requests over keep-alive connections to this machine for a few seconds."""

import json
import selectors
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import quantiles
from urllib.parse import urlsplit

LOCAL = ("127.0.0.1", "localhost", "::1")
SECONDS, CONNECTIONS = 3.0, 8


class NotMeasuredError(Exception):
    """The speed was not measured; the message says why."""


@dataclass(frozen=True)
class Speed:
    """Latency in milliseconds on one connection, and requests a second on one and on several."""

    median: float
    slowest: float  # the 99th percentile
    alone: float
    together: float


def measure_speed(url: str, image: list[float]) -> Speed:
    """Send ``image`` (784 numbers, 0 to 1) to the API at ``url`` for some seven seconds.

    Raises NotMeasuredError where no API answers, or where it is another machine's.
    """
    address = urlsplit(url)
    if address.scheme != "http" or address.hostname not in LOCAL:
        raise NotMeasuredError(f"API_URL is {url}; only an API on this machine is measured")
    host, port = address.hostname, address.port or 80
    body = json.dumps({"image": image}).encode()
    head = (
        f"POST {address.path.rstrip('/')}/predict HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    try:
        _send_requests((host, port), request, CONNECTIONS, 0.5)  # warms every worker up
        times = _send_requests((host, port), request, 1, SECONDS)
        together = _send_requests((host, port), request, CONNECTIONS, SECONDS)
    except (OSError, ValueError) as error:
        raise NotMeasuredError(f"the API at {url} does not answer ({error})") from error
    cuts = quantiles(times, n=100)
    return Speed(
        median=1000 * cuts[49],
        slowest=1000 * cuts[98],
        alone=len(times) / SECONDS,
        together=len(together) / SECONDS,
    )


@dataclass
class Connection:
    """A connection: what was received of a response, and when its request was sent."""

    socket: socket.socket
    received: bytes = b""
    sent_at: float = 0.0

    def send(self, request: bytes) -> None:
        """Send the request; it fits into an idle connection's buffer."""
        self.received, self.sent_at = b"", time.perf_counter()
        self.socket.sendall(request)

    def is_complete(self) -> bool:
        """Read what was received and return whether the response is complete; raises ValueError."""
        part = self.socket.recv(65536)
        self.received += part
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not part or not head.startswith(b"HTTP/1.1 200 "[: len(head)]):
            raise ValueError(head.decode("latin-1").split("\r\n")[0] or "the connection was closed")
        return bool(separator) and len(body) >= _read_length(head)


def _send_requests(
    address: tuple[str, int], request: bytes, connections: int, seconds: float
) -> list[float]:
    """Send requests over ``connections``; return the latency of each in seconds."""
    times = []
    with ExitStack() as stack, selectors.DefaultSelector() as ready:
        for _ in range(connections):
            connected = stack.enter_context(socket.create_connection(address, timeout=5))
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(connected)
            ready.register(connected, selectors.EVENT_READ, connection)
            connection.send(request)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            found = ready.select(timeout=5)
            if not found:
                raise ValueError("no response within 5 seconds")
            for key, _ in found:
                if key.data.is_complete():
                    times.append(time.perf_counter() - key.data.sent_at)
                    key.data.send(request)
    if len(times) < 2:
        raise ValueError("it is too slow to be measured")
    return times


def _read_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("a response without a length")
