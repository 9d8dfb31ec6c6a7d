"""Keeps the network in service up to date with the registry, in a thread of each worker."""

import logging
import threading
import time
from collections.abc import Hashable
from datetime import UTC, datetime

from mnist_api.model.active import Refusal, Served, Serving
from mnist_api.model.onnx_model import NetworkRefusedError, load_network
from mnist_api.model.trial import NotTriedError, try_network
from mnist_api.model.version import Version
from mnist_api.registry.cache import Cache, DamagedError, InService
from mnist_api.registry.mlflow_client import Registry, RegistryError, TooLargeError

LONGEST_PAUSE = 60.0  # seconds between two tries of a version that was refused

log = logging.getLogger(__name__)


class Refresh:
    """Puts versions into service. Whatever goes wrong, the version in service stays there."""

    def __init__(
        self, serving: Serving, registry: Registry, cache: Cache, poll_seconds: float
    ) -> None:
        self._serving = serving
        self._registry = registry
        self._cache = cache
        self._poll_seconds = poll_seconds
        self._refused: Version | None = None
        self._pause = 0.0
        self._again = 0.0  # on the monotonic clock
        self._complaint: Hashable = None
        self._unusable: set[Version] = set()  # in the cache; to be complained about once

    def start(self) -> None:
        """Serve what was last in service, if it is intact, and begin to ask the registry.

        What this ONNX Runtime has not tried yet is left to the thread: a trial takes its time.
        """
        last = self._cache.in_service()
        if last is not None and self._cache.has_accepted(last.version):
            self._serve_cached(last.version, last.since)
            last = None
        threading.Thread(target=self._run, args=(last,), name="refresh", daemon=True).start()

    def _run(self, last: InService | None) -> None:
        while True:
            try:
                if last is not None:
                    self._serve_cached(last.version, last.since)
                    last = None
                self.look()
            except Exception as error:  # the thread must outlive what nobody foresaw
                self._serving.count_failure()
                self._complain(type(error).__name__, "Asking the registry failed.", trace=True)
            time.sleep(self._poll_seconds)

    def look(self) -> None:
        """Ask the registry once, and follow it if there is news."""
        try:
            wanted = self._registry.find()
        except RegistryError as error:
            self._serving.count_failure()
            self._complain("away", f"{error}. {self._stays()}")
            self._fall_back()
            return
        current = self._serving.current
        if wanted is None:
            self._forget_refusal()
            self._complain("none", f"The registry names no version to serve. {self._stays()}")
        elif current is not None and current.version == wanted:
            self._forget_refusal()
            self._settle()
        elif wanted != self._refused or time.monotonic() >= self._again:
            self._try(wanted)

    def _try(self, wanted: Version) -> None:
        if wanted != self._refused:
            self._pause = self._poll_seconds
        self._refused = wanted  # until it serves, so that a surprise makes a pause as well
        self._again = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, max(LONGEST_PAUSE, self._poll_seconds))
        try:
            network = load_network(self._cache.obtain(wanted, self._registry.fetch, try_network))
        except (DamagedError, NetworkRefusedError, NotTriedError, RegistryError) as error:
            is_absent = isinstance(error, RegistryError) and not isinstance(error, TooLargeError)
            self._serving.refused = None if is_absent else Refusal(wanted.version, str(error))
            self._serving.count_failure()
            sentence = f"Version {wanted.version} stays out: {error}. {self._stays()}"
            self._complain((wanted, type(error).__name__), sentence)
            return
        since = self._cache.remember(wanted)
        self._serving.current = Served(network, wanted, "registry", since)
        self._forget_refusal()
        log.info("Version %s of %s is in service.", wanted.version, wanted.name)
        self._settle()

    def _forget_refusal(self) -> None:
        self._serving.refused = None
        self._refused = None

    def _serve_cached(self, version: Version, since: datetime) -> bool:
        """Put a cached version into service; say whether that could be done."""
        if version in self._unusable:
            return False
        try:
            network = load_network(self._cache.obtain(version, _fetch_nothing, try_network))
        except (DamagedError, NetworkRefusedError, NotTriedError) as error:
            if not isinstance(error, NotTriedError):
                self._unusable.add(version)
            log.warning("Version %s in the cache can't be served: %s.", version.version, error)
            return False
        self._serving.current = Served(network, version, "registry", since)
        log.info("Version %s of %s is in service, from the cache.", version.version, version.name)
        return True

    def _fall_back(self) -> None:
        """With nothing in service and no registry, serve the newest intact version there is."""
        if self._serving.current is None:
            for version in self._cache.versions():
                if self._serve_cached(version, datetime.now(UTC)):
                    break

    def _stays(self) -> str:
        current = self._serving.current
        if current is None:
            return "Nothing is in service yet."
        return f"Version {current.version.version} stays in service."

    def _complain(self, about: Hashable, sentence: str, trace: bool = False) -> None:
        """Log ``sentence`` once, not again at every question."""
        if about != self._complaint:
            self._complaint = about
            log.warning(sentence, exc_info=trace)

    def _settle(self) -> None:
        if self._complaint is not None:
            self._complaint = None
            log.info("The registry and this worker agree again.")


def _fetch_nothing(_: Version) -> bytes:
    raise DamagedError("its file is missing or damaged")
