"""gunicorn's asgi worker with the fast path on every connection."""

import gc
import resource
from email.utils import formatdate
from weakref import WeakSet

from gunicorn.asgi.protocol import (  # type: ignore[import-untyped] # it ships no types
    ASGIProtocol,
)
from gunicorn.workers import gasgi  # type: ignore[import-untyped] # as above

from mnist_api.server.fast_path import FastPathProtocol
from mnist_api.server.request_head import RequestHeadParser

RESERVED_FILES = 100  # file descriptors for everything but connections


class Worker(gasgi.ASGIWorker):  # type: ignore[misc] # as above
    """Bounds the number of connections, and how long each may be idle or slow."""

    def init_process(self) -> None:
        """Prepare, and serve until the worker stops."""
        gasgi.ASGIProtocol = FastPathProtocol  # its protocol class; there is no setting for it
        self.connections: set[FastPathProtocol] = set()
        self.handed_over: WeakSet[ASGIProtocol] = WeakSet()
        self.now = 0.0  # of the event loop's clock, updated each second
        self.date = formatdate(usegmt=True)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._max_connections = min(self.cfg.worker_connections, files - RESERVED_FILES)
        self._backlog = 0
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the ASGI application and the parser of request heads."""
        super().load_wsgi()
        self.application = self.asgi
        limits = ("limit_request_line", "limit_request_fields", "limit_request_field_size")
        given = {name: getattr(self.cfg, name) for name in limits}
        app = self.application
        self.heads = RequestHeadParser(app.recorder, app.hosts, app.context.max_body_bytes, given)
        gc.freeze()  # what exists now stays; the garbage collector need not scan it again

    def notify(self) -> None:
        """Each second: report that this worker is alive, and end idle and slow connections."""
        super().notify()
        self.now = self.loop.time()
        self.date = formatdate(usegmt=True)
        for connection in list(self.connections):
            connection.close_if_idle(self.now - self.cfg.keepalive)
            connection.close_if_slow(self.now - self.application.request_seconds)
        self.application.recorder.metrics.set_connections(self.nr_conns)
        if self.servers and not self._backlog:
            self._backlog = self.cfg.backlog
            for listener in self.sockets:
                listener.sock.listen(self._backlog)  # asyncio has set it to 100
        if self.nr >= self.max_requests:
            self.alive = False

    def make_room(self, new: FastPathProtocol) -> bool:
        """Return whether the new connection is within the limit; one that is idle may be closed."""
        if self.nr_conns <= self._max_connections:
            return True
        idle = [one for one in self.connections if one is not new and one.is_idle()]
        if idle:
            min(idle, key=lambda one: one.since).close_if_idle(self.now)
        return bool(idle)

    def handle_exit_signal(self) -> None:
        """Stop: close idle connections at once, and respond to the requests that have begun."""
        super().handle_exit_signal()
        self._close_idle()

    async def _shutdown(self) -> None:
        self._close_idle()
        await super()._shutdown()

    def _close_idle(self) -> None:
        for connection in list(self.connections):
            connection.close_if_idle(float("inf"))
        for protocol in self.handed_over:
            if getattr(protocol, "_awaiting_request", False):  # not in the middle of a response
                protocol.transport.close()
