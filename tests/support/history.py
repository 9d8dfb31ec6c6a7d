"""A registered model's tags, and workers that look at the alias at given times."""

from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from mnist_api.model.version import Version
from mnist_api.registry.history import recorder as module
from mnist_api.registry.history.recorder import History
from mnist_api.registry.mlflow_client import RegisteredModel
from support.polling import version

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Tags:
    """A fake registry: the tags of a registered model, without the prefix."""

    def __init__(self) -> None:
        self.own: dict[str, str] = {}
        self.accuracies: dict[int, float | None] = {}  # of versions
        self.error: Exception | None = None
        self.reads = 0
        self.staged: Version | None = None
        self.moved: str | None = None  # to which version the alias has moved since the poll
        self.written: list[str] = []

    def describe(self, number: int) -> Version:
        """Return a version, with its accuracy if it has one."""
        return replace(version(number), test_accuracy=self.accuracies.get(number))

    def read_model(self) -> RegisteredModel:
        self.reads += 1
        if self.error:
            raise self.error
        own = {f"history.blue.{key}": value for key, value in self.own.items()} | {
            "history.green.desired.0009.7": "2026-01-01T11:00:00+00:00 hand",
            "note": "a person's",
        }
        return RegisteredModel(self.moved, own)

    def find(self) -> Version | None:
        return self.staged

    def set_tag(self, key: str, value: str) -> None:
        self.own[key.removeprefix("history.blue.")] = value
        self.written.append(key.removeprefix("history.blue."))

    def records(self) -> dict[str, str]:
        """Return the records, with the times in seconds after noon."""
        return {
            key: " ".join(map(seconds, value.split()))
            for key, value in self.own.items()
            if key not in ("seen", "moving")
        }


def seconds(word: str) -> str:
    try:
        return str((datetime.fromisoformat(word) - NOON).total_seconds())
    except ValueError:
        return word


@pytest.fixture
def tags() -> Tags:
    return Tags()


Look = Callable[..., None]


@pytest.fixture
def look(tags: Tags, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Return a function: a worker sees a desired and an active version, seconds after noon.

    Its clock is ``ahead``. The version is active since now, or since the time that is given.
    Workers 2 and 12 are of one replica, as are 3 and 13, and so on.
    """
    replicas: dict[int, History] = {}
    workers: dict[int, History] = {}

    def see(
        at: float,
        desired: int | None,
        active: int | tuple[int, float] | None = None,
        worker: int = 0,
        ahead: float = 0,
    ) -> None:
        now = NOON + timedelta(seconds=at + ahead)
        monkeypatch.setattr(module, "datetime", Clock(now))
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 1000 + at))
        made = History(tags, "blue", 2)  # type: ignore[arg-type] # a fake
        own = workers.setdefault(worker, copy(replicas.setdefault(worker % 10, made)))  # as a fork
        number, since = active if isinstance(active, tuple) else (active, at + ahead)
        begin = NOON + timedelta(seconds=since)
        loaded = SimpleNamespace(version=version(number), since=begin) if number else None
        tags.staged = tags.describe(desired) if desired else None
        own.look(tags.staged, loaded)  # type: ignore[arg-type] # a fake

    return see


class Clock:
    """A fake of the class `datetime`, at a time."""

    def __init__(self, now: datetime) -> None:
        self.now = lambda _: now
