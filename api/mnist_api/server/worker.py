"""gunicorn's asgi worker, with a door of ours at every connection."""

import gc
import resource
from email.utils import formatdate
from weakref import WeakSet

from gunicorn.asgi.protocol import (  # type: ignore[import-untyped] # it ships no types
    ASGIProtocol,
)
from gunicorn.workers import gasgi  # type: ignore[import-untyped] # as above

from mnist_api.server.fast_path import Door
from mnist_api.server.request_head import Heads

SPARE = 100  # file descriptors for everything but connections


class Worker(gasgi.ASGIWorker):  # type: ignore[misc] # as above
    """Bounds how many connections there are, and how long each may be idle or slow."""

    def init_process(self) -> None:
        """Prepare, and serve until the end."""
        gasgi.ASGIProtocol = Door  # what it makes of a connection; there is no setting for it
        self.doors: set[Door] = set()
        self.handed_over: WeakSet[ASGIProtocol] = WeakSet()
        self.now = 0.0  # in seconds, renewed each second
        self.date = formatdate(usegmt=True)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = min(self.cfg.worker_connections, files - SPARE)
        self._backlog = 0
        super().init_process()

    def load_wsgi(self) -> None:
        """Find the front, which gunicorn calls its application."""
        super().load_wsgi()
        self.front = self.asgi
        limits = ("limit_request_line", "limit_request_fields", "limit_request_field_size")
        given = {name: getattr(self.cfg, name) for name in limits}
        self.heads = Heads(self.front.watch, self.front.hosts, self.front.bound, given)
        gc.freeze()  # what is there now stays; looking through it again and again is for nothing

    def notify(self) -> None:
        """Each second: say that this worker lives, and look after its connections."""
        super().notify()
        self.now = self.loop.time()
        self.date = formatdate(usegmt=True)
        for door in list(self.doors):
            door.close_if_idle(self.now - self.cfg.keepalive)
            door.close_if_slow(self.now - self.front.patience)
        self.front.watch.metrics.note_connections(self.nr_conns)
        if self.servers and not self._backlog:
            self._backlog = self.cfg.backlog
            for listener in self.sockets:
                listener.sock.listen(self._backlog)  # asyncio has made it 100
        if self.nr >= self.max_requests:
            self.alive = False

    def make_room(self, newcomer: Door) -> bool:
        """Say whether there is room for one more connection; the one idle longest gives way."""
        if self.nr_conns <= self._most:
            return True
        idle = [door for door in self.doors if door is not newcomer and door.is_idle()]
        if idle:
            min(idle, key=lambda door: door.since).close_if_idle(self.now)
        return bool(idle)

    def handle_exit_signal(self) -> None:
        """Stop: idle connections are closed at once, requests that began are answered."""
        super().handle_exit_signal()
        self._close_idle()

    async def _shutdown(self) -> None:
        self._close_idle()
        await super()._shutdown()

    def _close_idle(self) -> None:
        for door in list(self.doors):
            door.close_if_idle(float("inf"))
        for protocol in self.handed_over:
            if getattr(protocol, "_awaiting_request", False):  # not in the middle of an answer
                protocol.transport.close()
