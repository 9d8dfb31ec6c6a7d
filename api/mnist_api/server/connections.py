"""A worker's connections: bounds their number, and ends idle and slow ones."""

from email.utils import formatdate
from time import monotonic
from typing import TYPE_CHECKING

from mnist_api.problems import too_many_connections
from mnist_api.server.body_budget import BodyBudget

if TYPE_CHECKING:
    from mnist_api.server.bounded_protocol import BoundedProtocol

INCOMPLETE_BYTES = 8 * 1024**2  # of heads and small bodies; large bodies can't use it up


class Connections:
    """All connections; the clock ``now``, in seconds, and ``date`` advance once a second."""

    def __init__(self, request_seconds: float) -> None:
        self.request_seconds = request_seconds
        self.keepalive_seconds = 5.0
        self.max_connections = 1000
        self.is_stopping = False
        self.now, self.date = monotonic(), format_date()
        self.budget = BodyBudget(INCOMPLETE_BYTES, 0)
        self._open: set[BoundedProtocol] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, new: "BoundedProtocol") -> None:
        """Accept a connection, and close an idle one or refuse it if there are too many."""
        self._open.add(new)
        if len(self._open) > self.max_connections:
            idle = [one for one in self._open if one is not new and one.is_idle()]
            if idle:
                min(idle, key=lambda one: one.since).transport.close()
            else:
                new.refuse(too_many_connections())
                new.transport.close()

    def remove(self, lost: "BoundedProtocol") -> None:
        """Forget a connection that is closed."""
        self._open.discard(lost)

    def end_late(self) -> None:
        """End the connections that have been idle or slow for too long; call it each second."""
        self.now, self.date = monotonic(), format_date()
        for connection in list(self._open):
            connection.end_if_late(self.now)


def format_date() -> bytes:
    """Return the header Date."""
    return b"Date: %b\r\n" % formatdate(usegmt=True).encode()
