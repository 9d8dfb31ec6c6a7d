"""Request recorder: gives each request an id, counts it and writes it to the access log."""

import itertools
import re
import secrets

from mnist_api.model.active import ActiveModel
from mnist_api.telemetry.access_log import AccessLog
from mnist_api.telemetry.metrics import Metrics

_is_valid_id = re.compile(
    rb"[A-Za-z0-9._:/+=@~-]{1,128}"
).fullmatch  # safe in a header and a log line


class RequestRecorder:
    """One worker's recorder."""

    def __init__(self, metrics: Metrics, active: ActiveModel, access_log: bool) -> None:
        self.metrics = metrics
        self._log = AccessLog(metrics.count_dropped) if access_log else None
        self._active = active
        self._prefix, self._numbers = secrets.token_hex(6), itertools.count()

    def start(self) -> None:
        """Start counting and logging in this process."""
        self.metrics.acquire()
        self._active.attach(self.metrics)
        self._prefix = secrets.token_hex(6)  # different in each worker
        if self._log:
            self._log.start()

    def stop(self) -> None:
        """Write the lines that are still queued."""
        if self._log:
            self._log.close()

    def choose_id(self, given: bytes | None) -> str:
        """Return the id that the client sent if it is valid, else a unique one."""
        if given and _is_valid_id(given):
            return given.decode()
        return f"{self._prefix}{next(self._numbers):08x}"

    def record(  # noqa: PLR0913, PLR0917 # called for each request; an object would cost more
        self,
        template: str,
        request_id: str,
        method: str,
        path: str,
        status: int,
        size: int,
        seconds: float,
        client: str,
    ) -> None:
        """Count and log a request that has its response, before any client has it."""
        self.metrics.count_request(template, status, seconds)
        if self._log:
            loaded = self._active.current
            version = loaded.version.id if loaded else ""
            self._log.append(request_id, method, path, status, size, seconds, version, client)
