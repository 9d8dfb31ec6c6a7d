"""How fast the service answers: kept-alive connections to this machine, for a few seconds."""

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
    """The speed is not known; the message says why."""


@dataclass(frozen=True)
class Speed:
    """Milliseconds an answer takes on one connection, and answers a second on several."""

    median: float
    slowest: float  # the 99th percentile
    alone: float
    together: float


def measure_speed(url: str, image: list[float]) -> Speed:
    """Ask the API at ``url`` about ``image`` (784 numbers, 0 to 1) for some seven seconds.

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
        _ask((host, port), request, CONNECTIONS, 0.5)  # so that every worker is warm
        times = _ask((host, port), request, 1, SECONDS)
        together = _ask((host, port), request, CONNECTIONS, SECONDS)
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
class Line:
    """A connection: what has come of an answer, and when it was asked for."""

    socket: socket.socket
    came: bytes = b""
    asked: float = 0.0

    def ask(self, request: bytes) -> None:
        """Send the request; it fits into an idle connection's buffer."""
        self.came, self.asked = b"", time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Read what is there and say whether the answer is whole; raises ValueError."""
        part = self.socket.recv(65536)
        self.came += part
        head, gap, body = self.came.partition(b"\r\n\r\n")
        if not part or not head.startswith(b"HTTP/1.1 200 "[: len(head)]):
            raise ValueError(head.decode("latin-1").split("\r\n")[0] or "it hung up")
        return bool(gap) and len(body) >= _read_length(head)


def _ask(address: tuple[str, int], request: bytes, connections: int, seconds: float) -> list[float]:
    """Keep ``connections`` asking; return how long each answer took, in seconds."""
    times = []
    with ExitStack() as open_lines, selectors.DefaultSelector() as ready:
        for _ in range(connections):
            connected = open_lines.enter_context(socket.create_connection(address, timeout=5))
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = Line(connected)
            ready.register(connected, selectors.EVENT_READ, line)
            line.ask(request)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            found = ready.select(timeout=5)
            if not found:
                raise ValueError("no answer within 5 seconds")
            for key, _ in found:
                if key.data.is_answered():
                    times.append(time.perf_counter() - key.data.asked)
                    key.data.ask(request)
    if len(times) < 2:
        raise ValueError("it is too slow to be measured")
    return times


def _read_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")
