"""A worker's connections: bounds their number, and ends idle and slow ones."""

import fcntl
import socket
import termios
from email.utils import formatdate
from time import monotonic
from typing import TYPE_CHECKING

from mnist_api.problems import too_many_connections, too_slow
from mnist_api.server.body_budget import BodyBudget
from mnist_api.server.proxies import NO_PROXIES, Proxies
from mnist_api.server.request_body import MIN_RATE

if TYPE_CHECKING:
    from mnist_api.server.protocol.bounded import BoundedProtocol
    from mnist_api.server.protocol.fast_path import FastRequest

INCOMPLETE_BYTES = 8 * 1024**2  # of heads and small bodies; large bodies can't use it up
DISCARDED_SECONDS = 2.0  # after the last response, before the connection is closed


class Stage:
    """What a connection is receiving; no Enum, whose look-up takes several times as long."""

    NOTHING = 0  # no request has begun
    HEAD = 1
    COLLECTED_BODY = 2  # of a request on the fast path
    BODY = 3  # of a request that is uvicorn's
    OURS = (HEAD, COLLECTED_BODY)  # the request is not uvicorn's, at least not yet


class Connections:
    """All connections; the clock ``now``, in seconds, and ``date`` advance once a second."""

    def __init__(self, request_seconds: float = 30.0, proxies: Proxies = NO_PROXIES) -> None:
        self.request_seconds = request_seconds  # for a head and, longer by MIN_RATE, its body
        self.proxies = proxies
        self.keepalive_seconds = 5.0
        self.max_connections = 1000
        self.is_stopping = False
        self.now, self.date = monotonic(), format_date()
        self.budget = BodyBudget(INCOMPLETE_BYTES, 0)
        self.known_heads: dict[bytes, FastRequest] = {}  # those of answered requests
        # Since when the client leaves bytes of responses unread, and how many; the oldest first.
        self._open: dict[BoundedProtocol, tuple[float, int]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, new: "BoundedProtocol") -> None:
        """Accept a connection, and close an idle one or refuse it if there are too many."""
        self._open[new] = (0.0, 0)
        self._limit_unacknowledged(new.transport.get_extra_info("socket"))
        if len(self._open) > self.max_connections:
            idle = [one for one in self._open if one is not new and one.is_idle()]
            idle.sort(key=lambda one: one.timer_start)
            evicted = next((one for one in idle if not _has_unread_bytes(one)), None)
            if evicted is None:
                new.refuse(too_many_connections())
            (evicted or new).transport.close()

    def _limit_unacknowledged(self, connection: socket.socket) -> None:
        """Let the kernel end a connection whose client leaves bytes there, where it can."""
        if connection.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux's
            milliseconds = int(self.request_seconds * 1000)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)

    def remove(self, lost: "BoundedProtocol") -> None:
        """Forget a connection that is closed, and release what it held."""
        lost.reservation.release()
        self._open.pop(lost, None)

    def close_if_idle(self, connection: "BoundedProtocol") -> None:
        """Close a connection unless a request has begun on it; look again if one has arrived."""
        if not connection.is_idle():
            return
        if _has_unread_bytes(connection):  # closing would reset them
            connection.shutdown()
        else:
            connection.transport.close()

    def end_late(self) -> None:
        """End the connections that have been idle or slow for too long; call it each second."""
        last, self.now, self.date = self.now, monotonic(), format_date()
        for connection in list(self._open):
            # Not until now: what began since the last time is timed as if it had begun then.
            self._end_if_late(connection, last - connection.timer_start)

    def _end_if_late(self, connection: "BoundedProtocol", waited: float) -> None:
        """End a connection that has been idle or slow for at least ``waited`` seconds, if late."""
        if self._measure_unread(connection) > self.request_seconds:
            connection.transport.abort()
        elif connection.is_finished or (
            connection.stage == Stage.BODY and connection.is_answered()
        ):
            if waited > DISCARDED_SECONDS:
                connection.transport.close()
        elif connection.is_idle():
            if waited >= self.keepalive_seconds and not _has_unread_bytes(connection):
                connection.transport.close()
        elif (
            connection.stage in Stage.OURS
            and waited > self.request_seconds + connection.body_received / MIN_RATE
            and not (connection.unparsed or _has_unread_bytes(connection))  # else the client waits
        ):
            connection.refuse(too_slow())

    def _measure_unread(self, connection: "BoundedProtocol") -> float:
        """Return for how many seconds the client has read less than MIN_RATE."""
        unread = connection.transport.get_write_buffer_size()
        since, before = self._open[connection]
        if not (unread and before):
            self._open[connection] = since, before = self.now, unread
        return self.now - since - max(before - unread, 0) / MIN_RATE


def _has_unread_bytes(connection: "BoundedProtocol") -> bool:
    """Return whether the client has sent what the worker has not read yet."""
    none = bytes(4)
    return (
        fcntl.ioctl(connection.transport.get_extra_info("socket"), termios.FIONREAD, none) != none
    )


def format_date() -> bytes:
    """Return the header Date."""
    return b"Date: %b\r\n" % formatdate(usegmt=True).encode()
