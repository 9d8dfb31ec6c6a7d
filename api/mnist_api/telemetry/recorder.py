"""Request recorder: gives each request an id, counts it and writes it to the access log."""

import itertools
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map

from mnist_api.model.active import ActiveModel
from mnist_api.telemetry.access_log import AccessLog
from mnist_api.telemetry.metrics import OTHER, Metrics

REQUEST_ID = b"x-request-id"
METRICS = "/metrics"

_is_valid_id = re.compile(
    rb"[A-Za-z0-9._:/+=@~-]{1,128}"
).fullmatch  # safe in a header and a log line


class RequestRecorder:
    """One worker's recorder; requests are counted by the templates of ``rules``."""

    def __init__(self, rules: Map, active: ActiveModel, access_log: bool) -> None:
        self.metrics = Metrics({rule.rule for rule in rules.iter_rules()} | {METRICS})
        self._log = AccessLog(self.metrics.count_dropped) if access_log else None
        self._active = active
        self._bound = rules.bind("")
        self._prefix, self._numbers = secrets.token_hex(6), itertools.count()
        self.route_number = lru_cache(1024)(self._find_number)

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

    def read_id(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return the id that the client sent, None if there is no valid one."""
        given = headers.get(REQUEST_ID)
        return given.decode() if given and _is_valid_id(given) else None

    def create_id(self) -> str:
        """Return a unique id."""
        return f"{self._prefix}{next(self._numbers):08x}"

    def record(  # noqa: PLR0913, PLR0917 # called for each request; an object would cost more
        self,
        route: int,
        request_id: str,
        method: str,
        path: str,
        status: int,
        size: int,
        seconds: float,
        client: str,
    ) -> None:
        """Count and log a request that has its response."""
        self.metrics.count_request(route, status, seconds)
        if self._log:
            loaded = self._active.current
            version = loaded.version.id if loaded else ""
            self._log.append(request_id, method, path, status, size, seconds, version, client)

    def _find_number(self, method: str, path: str) -> int:
        """Return the number of the route's template."""
        return self.metrics.route_number(
            path if path == METRICS else self._find_template(method, path)
        )

    def _find_template(self, method: str, path: str) -> str:
        try:
            return str(self._bound.match(path, method, return_rule=True)[0].rule)
        except MethodNotAllowed as error:
            allowed = next(iter(error.valid_methods or ()), None)
            return self._find_template(allowed, path) if allowed else OTHER
        except HTTPException:
            return OTHER
