"""Watches the requests: gives each an id, counts it, and notes it in the access log."""

import itertools
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map

from mnist_api.model.active import Serving
from mnist_api.telemetry.access_log import AccessLog
from mnist_api.telemetry.metrics import OTHER, Metrics

ID = b"x-request-id"
METRICS = "/metrics"

_fits = re.compile(rb"[A-Za-z0-9._:/+=@~-]{1,128}").fullmatch  # nothing that could end a line


class Watch:
    """One worker's eyes; ``rules`` are the app's routes, by whose templates it counts."""

    def __init__(self, rules: Map, serving: Serving, access_log: bool) -> None:
        self.metrics = Metrics({rule.rule for rule in rules.iter_rules()} | {METRICS})
        self._log = AccessLog(self.metrics.count_dropped) if access_log else None
        self._serving = serving
        self._bound = rules.bind("")
        self._prefix, self._numbers = secrets.token_hex(6), itertools.count()
        self.number_of = lru_cache(1024)(self._number_of)

    def start(self) -> None:
        """Begin to count and to log in this process."""
        self.metrics.claim()
        self._serving.watch(self.metrics)
        self._prefix = secrets.token_hex(6)  # another one in each worker
        if self._log:
            self._log.start()

    def stop(self) -> None:
        """Write what is left of the access log."""
        if self._log:
            self._log.close()

    def id_of(self, headers: Mapping[bytes, bytes]) -> str | None:
        """Return the id that a request brought along, None where it has no usable one."""
        given = headers.get(ID)
        return given.decode() if given and _fits(given) else None

    def make_id(self) -> str:
        """Return an id that no other request has."""
        return f"{self._prefix}{next(self._numbers):08x}"

    def note(  # noqa: PLR0913, PLR0917 # what is known of a request; called for each one
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
        """Count an answered request and log it."""
        self.metrics.count_request(route, status, seconds)
        if self._log:
            served = self._serving.current
            version = served.version.version if served else ""
            self._log.note(request_id, method, path, status, size, seconds, version, client)

    def _number_of(self, method: str, path: str) -> int:
        """Return the number of the route's template."""
        return self.metrics.number_of(path if path == METRICS else self._template(method, path))

    def _template(self, method: str, path: str) -> str:
        try:
            return str(self._bound.match(path, method, return_rule=True)[0].rule)
        except MethodNotAllowed as error:
            allowed = next(iter(error.valid_methods or ()), None)
            return self._template(allowed, path) if allowed else OTHER
        except HTTPException:
            return OTHER
