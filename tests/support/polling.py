"""A poller with fakes around it: registry, cache, history, clock and observer."""

import logging
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_api.model.active import ActiveModel
from mnist_api.model.version import Version
from mnist_api.registry import poller
from mnist_api.registry.poller import Poller
from support.polled_fakes import FakeCache, FakeHistory, FakeRegistry


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
