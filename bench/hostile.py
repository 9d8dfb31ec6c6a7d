"""The API beside hostile clients: `python -m bench.hostile`, the rate undisturbed and disturbed.

Each crowd is measured right after an undisturbed load of the same length, and compared with that.
"""

import http.client
import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime

from bench import environments
from bench.load.measurement import start
from bench.load.wrk import Load, Pressure, load
from bench.model.selection import choose_network
from bench.servers.catalog import mnist_api
from bench.servers.request_bodies import read_digits
from bench.servers.server import Material, Server
from local.environments import ROOT
from local.processes import Supervisor

ROUNDS, PRESSURE = 3, Pressure(16, 3)
POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HALVES = (
    POST + b"Content-Length: 5000\r\n\r\n{",  # in the middle of the body
    POST[:40],  # in the middle of the head
    POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
)
HALF_CLOSED = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
FLOOD = POST + b"Content-Length: 1073741824\r\n\r\n"


def main() -> int:
    """Measure, and print a table; return 1 where a request failed or a worker died."""
    work = ROOT / ".local" / "bench" / datetime.now(UTC).strftime("hostile-%Y-%m-%dT%H-%M-%SZ")
    work.mkdir(parents=True)
    for name in ("api", "api-test"):
        environments.make(name)
    network, _ = choose_network(None, work)
    server = mnist_api(Material(network, read_digits(), work))
    failed = 0
    print("| clients beside 16 that ask | share of the rate alone | slowest /health, ms | errors |")
    print("|---|--:|--:|--:|")
    with Supervisor() as supervisor:
        start(supervisor, server, network, work / "server.log")

        def press() -> Load:
            return load(supervisor, server.port, server.single, PRESSURE, work)

        press()
        for name, crowd in CROWDS.items():
            shares, slowest, errors = [], [], 0
            for _ in range(ROUNDS):
                alone = press()
                with crowd(server), asking_health(server) as seconds:
                    beside = press()
                shares.append(beside.rate / alone.rate)
                slowest.append(1000 * max(seconds))
                errors += beside.errors
            figures = f"{statistics.median(shares):.2f} | {statistics.median(slowest):.0f}"
            print(f"| {name} | {figures} | {errors} |", flush=True)
            failed += errors
    killed = (work / "server.log").read_text().count("was sent SIG")
    print(f"\nWorkers that died: {killed}. Load average: {os.getloadavg()[0]:.1f}.")
    return 1 if failed or killed else 0


@contextmanager
def asking_health(server: Server) -> Iterator[list[float]]:
    """Ask /health ten times a second; give the seconds each answer took, 10 for none."""
    stop, taken = threading.Event(), [0.0]

    def ask() -> None:
        while not stop.wait(0.1):
            begin = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            try:
                connection.request("GET", "/health")
                healthy = connection.getresponse().status == 200
            except OSError:
                healthy = False
            connection.close()
            taken.append(time.monotonic() - begin if healthy else 10.0)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield taken
    finally:
        stop.set()
        thread.join()


@contextmanager
def waiting(server: Server, contents: list[bytes], half_closed: bool = False) -> Iterator[None]:
    """Keep a connection open for each of ``contents``, sent once."""
    connections = []
    for content in contents:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        connections.append(connection)
        connection.sendall(content)
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
    try:
        yield
    finally:
        for connection in connections:
            connection.close()


@contextmanager
def flooding(server: Server) -> Iterator[None]:
    """Send a body of 1 GB, again whenever it is refused, ten times a second at most."""
    stop = threading.Event()

    def flood() -> None:
        while not stop.wait(0.1):
            with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 10) as one:
                one.sendall(FLOOD)
                for _ in range(1024):
                    one.sendall(bytes(1024**2))

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


CROWDS: dict[str, Callable[[Server], AbstractContextManager[None]]] = {
    "nobody": lambda server: waiting(server, []),
    "300 with half a request": lambda server: waiting(server, [*HALVES] * 100),
    "300 half-closed": lambda server: waiting(server, [HALF_CLOSED] * 300, half_closed=True),
    "2,000 idle": lambda server: waiting(server, [b""] * 2000),
    "1 GB bodies": flooding,
}

if __name__ == "__main__":
    sys.exit(main())
