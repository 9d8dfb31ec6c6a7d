"""Clients that hold connections open or send too much, while a `with` block runs."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
INCOMPLETE_REQUESTS = (
    POST + b"Content-Length: 5000\r\n\r\n{",  # ends within the body
    POST[:40],  # ends within the head
    POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
)
INCOMPLETE_GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
LARGE_POST = POST + b"Content-Length: 1073741824\r\n\r\n"


@contextmanager
def hold_connections(port: int, requests: list[bytes], half_close: bool = False) -> Iterator[None]:
    """Open a connection for each of ``requests``, send it once, and keep the connection open."""
    connections = []
    for request in requests:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connections.append(connection)
        connection.sendall(request)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
    try:
        yield
    finally:
        for connection in connections:
            connection.close()


@contextmanager
def send_large_bodies(port: int) -> Iterator[None]:
    """Send a body of 1 GB, and again when it is refused, at most ten times a second."""

    def send() -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(LARGE_POST)
            for _ in range(1024):
                connection.sendall(bytes(1024**2))

    with repeat_in_thread(send):
        yield


@contextmanager
def repeat_in_thread(action: Callable[[], None]) -> Iterator[None]:
    """Call ``action`` repeatedly in a thread, with pauses of 0.1 s."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(0.1):
            action()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


SCENARIOS: dict[str, Callable[[int], AbstractContextManager[None]]] = {
    "none": lambda port: hold_connections(port, []),
    "300 incomplete requests": lambda port: hold_connections(port, [*INCOMPLETE_REQUESTS] * 100),
    "300 half-closed connections": lambda port: hold_connections(
        port, [INCOMPLETE_GET] * 300, half_close=True
    ),
    "2,000 idle connections": lambda port: hold_connections(port, [b""] * 2000),
    "1 GB bodies": send_large_bodies,
}
