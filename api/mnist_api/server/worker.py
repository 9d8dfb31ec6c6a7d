"""gunicorn's worker: uvicorn's, with the fast path and bounds on every connection."""

import gc
import os
import resource
import signal
from typing import Any

from uvicorn_worker import UvicornWorker  # type: ignore[import-untyped] # it ships no types

from mnist_api.server.protocol.fast_path import FastPathProtocol

RESERVED_FILES = 200  # file descriptors for everything but connections
ACCEPTED = 32  # connections in a turn of the event loop; asyncio takes its backlog for that


class Worker(UvicornWorker):  # type: ignore[misc] # as above
    """Serves the ASGI application, and ends idle and slow connections."""

    CONFIG_KWARGS: dict[str, Any] = {  # noqa: RUF012 # uvicorn's name and form
        "loop": "asyncio",  # uvloop took 1.07 times the CPU time a request
        "http": FastPathProtocol,
        "ws": "none",
        "lifespan": "on",
        "backlog": ACCEPTED,
        "access_log": False,  # the recorder writes it
        "proxy_headers": False,
        "server_header": False,
        "timeout_notify": 0.9,  # seconds; uvicorn looks once a second
    }

    def load_wsgi(self) -> None:
        """Load the ASGI application."""
        super().load_wsgi()
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.is_listening = False
        self.connections = self.wsgi.connections
        self.connections.max_connections = min(self.cfg.worker_connections, files - RESERVED_FILES)
        self.connections.keepalive_seconds = self.cfg.keepalive
        self.config.timeout_graceful_shutdown = self.cfg.graceful_timeout - 1
        gc.freeze()  # what exists now stays; the garbage collector need not scan it again

    async def callback_notify(self) -> None:
        """Each second: report that this worker is alive, and end idle and slow connections."""
        await super().callback_notify()
        if not self.is_listening:
            self.is_listening = True
            for listener in self.sockets:
                listener.sock.listen(self.cfg.backlog)  # the kernel's queue
        self.connections.end_late()
        self.wsgi.context.metrics.set_connections(len(self.connections))
        if self.ppid != os.getppid():  # gunicorn's main process was killed
            signal.raise_signal(signal.SIGTERM)
