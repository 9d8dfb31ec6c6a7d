"""Fakes around the poller: registry, cache, clock and the observer of the active model."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_api.model.active import ActiveModel, LoadedModel
from mnist_api.model.version import Version
from mnist_api.registry import poller
from mnist_api.registry.active_record import LastActive
from mnist_api.registry.poller import Poller

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def version(number: int) -> Version:
    return Version("digits", str(number), None, 0.98, None)


class StoppedError(BaseException):
    """Ends the poller's loop; no error of the product."""


class Clock:
    """A fake of the module `time`: ``now`` is set by a test, and ``sleeps`` end the loop."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.sleeps = 1

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self.sleeps:
            raise StoppedError


class FakeRegistry:
    """Returns the desired version, or raises ``error``."""

    has_asked = True

    def __init__(self) -> None:
        self.desired: Version | None = None
        self.error: Exception | None = None

    def find(self) -> Version | None:
        if self.error:
            raise self.error
        return self.desired

    def seconds_to_next(self) -> float:
        return 10

    def fetch(self, wanted: Version) -> bytes:
        return f"fetched {wanted.id}".encode()

    def fetch_extra(self, wanted: Version, name: str) -> bytes:
        return f"{name} of {wanted.id}".encode()


class FakeCache:
    """Holds the versions in ``cached``; obtaining one of ``errors`` raises its error."""

    def __init__(self) -> None:
        self.last: LastActive | None = None
        self.accepted: list[Version] = []
        self.cached: list[Version] = []
        self.errors: dict[str, Exception] = {}
        self.obtained: list[str] = []
        self.extras: set[tuple[str, str]] = set()  # version and name of further files
        self.lost: set[tuple[str, str]] = set()  # those of them that are not cached
        self.recorded: list[Version] = []
        self.on_obtain: Callable[[], object] = lambda: None

    def obtain(self, wanted: Version, fetch: Callable[[Version], bytes], try_model: Any) -> bytes:
        self.obtained.append(wanted.id)
        self.on_obtain()
        if wanted.id in self.errors:
            raise self.errors[wanted.id]
        content = f"cached {wanted.id}".encode() if wanted in self.cached else fetch(wanted)
        try_model(content)
        return content

    def obtain_extra(
        self, wanted: Version, name: str, fetch: Callable[[Version, str], bytes]
    ) -> bytes | None:
        """Return the content of a file, None where it is not in ``extras``."""
        if (wanted.id, name) not in self.extras:
            return None
        if wanted in self.cached and (wanted.id, name) not in self.lost:
            return f"cached {name} of {wanted.id}".encode()
        return fetch(wanted, name)

    def has_accepted(self, wanted: Version) -> bool:
        return wanted in self.accepted

    def last_active(self) -> LastActive | None:
        return self.last

    def versions(self) -> list[Version]:
        return self.cached

    def record_active(self, active: Version) -> datetime:
        self.recorded.append(active)
        return NOON


class FakeHistory:
    """Keeps what the poller has seen: the ids of the desired and the active version."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, str | None]] = []

    def look(self, desired: Version | None, loaded: LoadedModel | None) -> None:
        active = loaded.version.id if loaded else None
        self.seen.append((desired.id if desired else None, active))


class Observer:
    """Counts the events of the active model."""

    def __init__(self) -> None:
        self.failures = 0
        self.swaps: list[str] = []
        self.desired: list[tuple[str, str]] = []
        self.created: list[float | None] = []

    def count_predictions(self, probabilities: NDArray[np.float32]) -> None:
        """Not called here."""

    def count_swap(self, version_id: str) -> None:
        self.swaps.append(version_id)

    def set_created(self, timestamp: float | None) -> None:
        self.created.append(timestamp)

    def count_failure(self) -> None:
        self.failures += 1

    def count_refusal(self) -> None:
        """Is told from ``desired`` here."""

    def set_desired(self, version_id: str, state: str) -> None:
        self.desired.append((version_id, state))


def load_model(content: bytes) -> Any:
    """Return a fake of the loaded model, which has its content."""
    return SimpleNamespace(content=content.decode())


class Polling(NamedTuple):
    """A poller, every 10 seconds, and the fakes around it."""

    poller: Poller
    active: ActiveModel
    registry: FakeRegistry
    cache: FakeCache
    clock: Clock
    observer: Observer
    tried: list[bytes]
    history: FakeHistory

    def poll(self, number: int | None) -> None:
        self.registry.desired = None if number is None else version(number)
        self.poller.poll()


def make_polling(monkeypatch: pytest.MonkeyPatch, poll_seconds: float) -> Polling:
    """Return a poller whose clock, loading and trial of models are fakes."""
    active, registry, cache, clock = ActiveModel(), FakeRegistry(), FakeCache(), Clock()
    observer, tried, history = Observer(), list[bytes](), FakeHistory()
    active.attach(observer)
    monkeypatch.setattr(poller, "time", clock)
    monkeypatch.setattr(poller, "load_model", load_model)
    monkeypatch.setattr(poller, "try_model", tried.append)
    monkeypatch.setattr(poller, "load_score", bytes.decode)
    monkeypatch.setattr(poller, "load_reference", bytes.decode)
    made = Poller(active, registry, cache, history, poll_seconds)  # type: ignore[arg-type] # fakes
    return Polling(made, active, registry, cache, clock, observer, tried, history)


@pytest.fixture
def polling(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Polling:
    caplog.set_level(logging.INFO)
    return make_polling(monkeypatch, 10)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged since the last call: warnings as they are, infos after a +."""
    marks = {logging.INFO: "+ ", logging.WARNING: ""}
    lines = [marks[one.levelno] + one.getMessage() for one in caplog.records]
    assert not any(one.exc_info for one in caplog.records)
    caplog.clear()
    return lines
