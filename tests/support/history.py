"""A registered model's tags, and workers that look at the alias at given times."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from mnist_api.registry import history as module
from mnist_api.registry.history import History
from support.polling import version

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Tags:
    """A fake registry: the tags of a registered model, without the prefix."""

    def __init__(self) -> None:
        self.own: dict[str, str] = {}
        self.error: Exception | None = None
        self.reads = 0

    def tags(self) -> dict[str, str]:
        self.reads += 1
        if self.error:
            raise self.error
        return {f"history.blue.{key}": value for key, value in self.own.items()} | {
            "history.green.desired.0009.7": "2026-01-01T11:00:00+00:00 hand",
            "note": "a person's",
        }

    def set_tag(self, key: str, value: str) -> None:
        self.own[key.removeprefix("history.blue.")] = value

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
    """Return a function: a worker sees a desired and an active version, seconds after noon."""
    workers: dict[int, History] = {}

    def see(at: float, desired: int | None, active: int | None = None, worker: int = 0) -> None:
        now = NOON + timedelta(seconds=at)
        monkeypatch.setattr(module, "datetime", Clock(now))
        own = workers.setdefault(worker, History(tags, "blue", 2))  # type: ignore[arg-type] # a fake
        loaded = SimpleNamespace(version=version(active), since=now) if active else None
        own.look(version(desired) if desired else None, loaded)  # type: ignore[arg-type] # a fake

    return see


class Clock:
    """A fake of the class `datetime` at a time; of its other functions those that are used."""

    min, fromisoformat = datetime.min, datetime.fromisoformat

    def __init__(self, now: datetime) -> None:
        self.now = lambda _: now
