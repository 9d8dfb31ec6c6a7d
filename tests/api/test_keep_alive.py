"""Connections between requests: at the limit of their number, during a reload, on a Unix socket."""

import contextlib
import http.client
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cases.http import HEALTH
from support.http_connection import FAST, SLOW, begin, read_to_end
from support.processes import stopped, wait_until
from support.servers.api import Api

pytestmark = pytest.mark.slow

LIMIT = 20


@pytest.fixture
def limited(start_api: Callable[..., Api], seven: Path) -> Api:
    """Start one worker that has room for 20 connections, and wait until it has none."""
    arguments = f"--worker-connections={LIMIT}"
    return start_api(arguments, MODEL_FILE=str(seven), WEB_CONCURRENCY="1").wait_ready()


def test_new_connections_do_not_evict_those_whose_requests_are_unread(limited: Api) -> None:
    """The first are served, as many as there is room for; the others are refused or reset."""
    (worker,) = limited.workers()
    with contextlib.ExitStack() as stack:
        with stopped(worker):
            clients = [stack.enter_context(begin(limited, FAST)) for _ in range(LIMIT + 10)]
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_WR)
        statuses = [read_to_end(client)[:12] for client in clients]
    assert statuses[:LIMIT] == [b"HTTP/1.1 200"] * LIMIT
    assert set(statuses) <= {b"HTTP/1.1 200", b"HTTP/1.1 503", b""}


def test_the_connection_that_has_been_idle_longest_is_evicted(limited: Api) -> None:
    """Of those that were accepted in the same second, too: the newest may be about to send."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(begin(limited, b"")) for _ in range(LIMIT + 15)]
        wait_until(lambda: len(select.select(clients, [], [], 0)[0]) >= 15)
        time.sleep(0.2)
        evicted = set(select.select(clients, [], [], 0)[0])
        assert evicted == set(clients[:15])


class Client(threading.Thread):
    """Sends requests on kept-alive connections, and lists why any but the first had no response.

    The first may be lost: the kernel resets what a closed listener has not accepted.
    """

    def __init__(self, api: Api, stop: threading.Event) -> None:
        super().__init__()
        self._port, self._stop_event = api.port, stop
        self.answered, self.lost = 0, list[str]()

    def run(self) -> None:
        while not self._stop_event.is_set():
            with (
                contextlib.suppress(ConnectionError),
                socket.create_connection(("127.0.0.1", self._port), timeout=20) as connection,
            ):
                if not self._send(connection):
                    self._send_on(connection)

    def _send_on(self, connection: socket.socket) -> None:
        try:
            while not (self._stop_event.is_set() or select.select([connection], [], [], 0)[0]):
                if self._send(connection):
                    return
        except (OSError, http.client.HTTPException) as error:
            self.lost.append(repr(error))

    def _send(self, connection: socket.socket) -> bool:
        """Return whether the response is the last one."""
        connection.sendall(FAST)
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert response.status == 200
        response.read()
        self.answered += 1
        return response.will_close


def test_a_reload_loses_no_request_of_kept_alive_connections(
    start_api: Callable[..., Api], seven: Path
) -> None:
    """A client's next request may be on its way when the worker stops."""
    api = start_api(MODEL_FILE=str(seven)).wait_ready()
    stop = threading.Event()
    clients = [Client(api, stop) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(3):
            time.sleep(1)
            workers = set(api.workers())
            api.process.send_signal(signal.SIGHUP)
            wait_until(lambda old=workers: not old & set(api.workers()))
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert sum(client.answered for client in clients) > 100
    assert [error for client in clients for error in client.lost] == []


def test_the_api_is_served_on_a_unix_socket_also_after_a_reload(
    start_api: Callable[..., Api], seven: Path, tmp_path: Path
) -> None:
    path = tmp_path / "api.sock"
    api = start_api("--bind", f"unix:{path}", MODEL_FILE=str(seven))

    def send(request: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(path))
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return read_to_end(connection)

    def is_ready() -> bool:
        assert api.process.poll() is None, api.log()
        return path.exists() and send(HEALTH).startswith(b"HTTP/1.1 200")

    wait_until(is_ready)
    for _ in range(2):
        for request in (FAST, SLOW):
            assert b'"prediction":7' in send(request)
        assert b"model_loaded" in send(HEALTH)
        workers = set(api.workers())
        api.process.send_signal(signal.SIGHUP)
        wait_until(lambda old=workers: not old & set(api.workers()))
    assert '"client":""' in api.log()
    assert "Traceback" not in api.log()
