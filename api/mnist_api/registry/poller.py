"""Follows the registry: polls for the desired version, in a thread of each worker, and loads it."""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from datetime import UTC, datetime

from mnist_api.model.active import ActiveModel, Desired, LoadedModel, State
from mnist_api.model.digit_score import DigitScore, load_score
from mnist_api.model.drift_reference import DriftReference, FewImagesError, load_reference
from mnist_api.model.onnx_model import ModelRefusedError, load_model
from mnist_api.model.trial import TrialIncompleteError, try_model
from mnist_api.model.version import REFERENCE, SCORE, Version
from mnist_api.registry.active_record import LastActive
from mnist_api.registry.cache import Cache
from mnist_api.registry.history.recorder import History
from mnist_api.registry.mlflow_client import RegistryError, UnusableFileError
from mnist_api.registry.shared_registry import SharedRegistry
from mnist_api.registry.version_folders import DamagedError

MAX_PAUSE = 60.0  # seconds between two attempts to activate the same version

log = logging.getLogger(__name__)


class Poller:
    """Activates the desired version. Whatever goes wrong, the active version stays active."""

    def __init__(
        self,
        active: ActiveModel,
        registry: SharedRegistry,
        cache: Cache,
        history: History,
        poll_seconds: float,
    ) -> None:
        self._active = active
        self._registry = registry
        self._cache = cache
        self._history = history
        self._poll_seconds = poll_seconds
        self._failed: Version | None = None  # the last version that could not be activated
        self._pause = 0.0
        self._next_attempt = 0.0  # on the monotonic clock
        self._last_warning: Hashable = None
        self._unusable: set[Version] = set()  # in the cache; warned about once

    def start(self) -> None:
        """Activate the version that was last active, if it is cached, and start polling.

        A version without a trial by this ONNX Runtime is activated by the thread: a trial takes
        long.
        """
        last = self._cache.last_active()
        if last is not None and self._cache.has_accepted(last.version):
            self._activate_cached(last.version, last.since)
            last = None
        threading.Thread(target=self._run, args=(last,), name="poller", daemon=True).start()

    def _run(self, last: LastActive | None) -> None:
        while True:
            try:
                if last is not None:
                    self._activate_cached(last.version, last.since)
                    last = None
                self.poll()
            except Exception as error:  # the thread must survive unforeseen errors
                self._active.count_failure()
                self._warn_once(type(error).__name__, "Polling the registry failed.", trace=True)
            time.sleep(self._registry.seconds_to_next())

    def poll(self, has_swapped: bool = False) -> None:
        """Poll the registry once, activate the desired version, and record what has changed.

        The worker that asked records for all and counts failures; each records its own activations.
        """
        try:
            desired = self._registry.find()
        except RegistryError as error:
            if self._registry.has_asked:
                self._active.count_failure()
            self._warn_once("unreachable", f"{error}. {self._describe_active()}")
            self._fall_back()
            return
        before = self._active.current
        if self._registry.has_asked or has_swapped:
            self._history.look(desired, before)  # before an activation, which may take minutes
        self._follow(desired)
        current = self._active.current
        if current is not None and (before is None or current.version != before.version):
            self.poll(has_swapped=True)  # the alias may have moved meanwhile

    def _follow(self, desired: Version | None) -> None:
        """Activate the desired version if it is not active."""
        current = self._active.current
        if desired is None:
            self._active.desired = self._failed = None
            self._warn_once(
                "none", f"The registry has no desired version. {self._describe_active()}"
            )
        elif current is not None and current.version == desired:
            self._active.desired, self._failed = Desired(desired.id, "active"), None
            self._active.update_created(desired)
            self._report_agreement()
        elif desired != self._failed or time.monotonic() >= self._next_attempt:
            self._activate(desired)

    def _activate(self, desired: Version) -> None:
        if desired != self._failed:
            self._pause = self._poll_seconds
            self._active.desired = Desired(desired.id, "loading")
        self._failed = desired  # until it is active, so that an unforeseen error pauses as well
        self._next_attempt = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, max(MAX_PAUSE, self._poll_seconds))
        try:
            model = load_model(self._cache.obtain(desired, self._registry.fetch, try_model))
            extras = self._load_extras(desired, self._registry.fetch_extra)
        except (DamagedError, ModelRefusedError, TrialIncompleteError, RegistryError) as error:
            is_refused = isinstance(error, UnusableFileError | DamagedError | ModelRefusedError)
            state: State = "refused" if is_refused else "failed"
            self._active.desired = Desired(desired.id, state, str(error))
            sentence = f"Version {desired.id} is not activated: {error}. {self._describe_active()}"
            self._warn_once((desired, type(error).__name__), sentence)
            return
        since = self._cache.record_active(desired)
        self._active.current = LoadedModel(model, desired, "registry", since, *extras)
        self._active.desired = Desired(desired.id, "active")
        self._failed = None
        log.info("Version %s of %s is active.", desired.id, desired.name)
        self._report_agreement()

    def _activate_cached(self, version: Version, since: datetime) -> bool:
        """Activate a cached version; return whether that was possible."""
        if version in self._unusable:
            return False
        try:
            model = load_model(self._cache.obtain(version, _fetch_nothing, try_model))
            extras = self._load_extras(version, _fetch_nothing)
        except (DamagedError, ModelRefusedError, TrialIncompleteError) as error:
            if not isinstance(error, TrialIncompleteError):
                self._unusable.add(version)
            log.warning("Version %s in the cache is not activated: %s.", version.id, error)
            return False
        self._active.current = LoadedModel(model, version, "registry", since, *extras)
        log.info("Version %s of %s is active, from the cache.", version.id, version.name)
        return True

    def _load_extras(
        self, version: Version, fetch: Callable[[Version, str], bytes]
    ) -> tuple[DigitScore | None, DriftReference | None]:
        score = self._cache.obtain_extra(version, SCORE, fetch)
        reference = self._cache.obtain_extra(version, REFERENCE, fetch)
        loaded = None if score is None else load_score(score)
        try:
            return loaded, None if reference is None else load_reference(reference)
        except FewImagesError as error:
            log.warning("Drift of version %s is not measured: %s.", version.id, error)
            return loaded, None

    def _fall_back(self) -> None:
        """Without an active model and a registry, activate the most recent cached version."""
        if self._active.current is None:
            for version in self._cache.versions():
                if self._activate_cached(version, datetime.now(UTC)):
                    break

    def _describe_active(self) -> str:
        current = self._active.current
        return f"Version {current.version.id} stays active." if current else "No version is active."

    def _warn_once(self, about: Hashable, sentence: str, trace: bool = False) -> None:
        """Log ``sentence`` unless the last warning was about the same."""
        if about != self._last_warning:
            self._last_warning = about
            log.warning(sentence, exc_info=trace)

    def _report_agreement(self) -> None:
        if self._last_warning is not None:
            self._last_warning = None
            log.info("The desired version is active again.")


def _fetch_nothing(*_: object) -> bytes:
    raise DamagedError("its file is missing or damaged")
