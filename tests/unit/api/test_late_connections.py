"""Which connections end because they are late: none whose client waits for the server."""

import socket
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from mnist_api.server import connections as module
from mnist_api.server.connections import Connections, Stage


class Open:
    """A connection and its transport, as Connections sees them."""

    def __init__(self, stage: int) -> None:
        self.client, self._socket = socket.socketpair()
        self.stage = stage
        self.transport = self
        self.timer_start = monotonic() - 100
        self.is_finished = False
        self.unparsed = b""
        self.body_received = 0
        self.has_ended = False
        self.looks_again = False

    def get_extra_info(self, _: str) -> socket.socket:
        return self._socket

    def get_write_buffer_size(self) -> int:
        return 0

    def is_idle(self) -> bool:
        return self.stage == Stage.NOTHING

    def is_answered(self) -> bool:
        return True

    def close(self, *_: Any) -> None:
        self.has_ended = True

    refuse = close

    def shutdown(self) -> None:
        self.looks_again = True


@pytest.fixture(
    params=[Stage.NOTHING, Stage.HEAD, Stage.COLLECTED_BODY], ids=["idle", "head", "body"]
)
def late(request: pytest.FixtureRequest) -> Iterator[Open]:
    connection = Open(request.param)
    with connection.client, connection.get_extra_info("socket"):
        yield connection


def test_a_late_connection_ends(late: Open) -> None:
    connections = Connections()
    connections.add(late)  # type: ignore[arg-type]
    connections.end_late()
    assert late.has_ended


def test_one_whose_bytes_the_kernel_holds_does_not(late: Open) -> None:
    """The machine slept, or the worker waited for a processor, while they arrived."""
    connections = Connections()
    connections.add(late)  # type: ignore[arg-type]
    late.client.send(b"P")
    connections.end_late()
    assert not late.has_ended


@pytest.mark.parametrize("sent", [b"", b"P"], ids=["nothing", "a request"])
def test_an_idle_one_is_closed_on_shutdown_unless_a_request_has_arrived(sent: bytes) -> None:
    idle = Open(Stage.NOTHING)
    with idle.client, idle.get_extra_info("socket"):
        idle.client.send(sent)
        Connections().close_if_idle(idle)  # type: ignore[arg-type]
        assert (idle.has_ended, idle.looks_again) == (not sent, bool(sent))


def test_a_request_that_began_between_two_looks_has_its_whole_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock stands still in between, and a worker that is held up looks late."""
    monkeypatch.setattr(module, "monotonic", lambda: 100.0)
    connections, slow = Connections(request_seconds=1), Open(Stage.HEAD)
    with slow.client, slow.get_extra_info("socket"):
        connections.add(slow)  # type: ignore[arg-type]
        slow.timer_start = connections.now
        for now, has_ended in ((101.1, False), (104.0, True)):
            monkeypatch.setattr(module, "monotonic", lambda now=now: now)
            connections.end_late()
            assert slow.has_ended == has_ended
