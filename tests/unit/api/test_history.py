"""What the API records of the alias, in tags of the registered model."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from mnist_api.registry import history as module
from mnist_api.registry.history import History
from mnist_api.registry.mlflow_client import NotFoundError, RegistryError
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


def test_each_move_is_recorded_once_by_however_many_workers(look: Look, tags: Tags) -> None:
    for at, desired in ((0, 1), (10, 2), (20, 1)):
        for worker in range(4):
            look(at + worker / 10, desired, desired, worker=worker)
    assert tags.records() == {
        "desired.0001.1": "0.0 start",
        "active.0001.1": "0.0",
        "desired.0002.2": "10.0 hand",
        "active.0002.2": "10.0",
        "desired.0003.1": "20.0 hand",
        "active.0003.1": "20.0",
    }


def test_workers_that_see_a_move_at_the_same_time_write_the_same_tags(
    look: Look, tags: Tags
) -> None:
    look(0, 1)
    before = dict(tags.own)
    look(5, 2, worker=1)
    first, tags.own = tags.own, before  # as the second has read them before the first wrote
    look(5, 2, worker=2)
    assert tags.own == first


def test_a_move_by_a_command_is_recorded_as_its(look: Look, tags: Tags) -> None:
    look(0, 1)
    tags.own["moving"] = f"{(NOON + timedelta(seconds=4)).isoformat()} 2 rollback"
    look(5, 2)
    assert tags.records()["desired.0002.2"] == "5.0 rollback"
    look(8, 3)
    assert tags.records()["desired.0003.3"] == "8.0 hand"
    look(100, 2)  # the command is long over
    assert tags.records()["desired.0004.2"] == "100.0 hand"


def test_a_refused_version_is_desired_while_the_one_before_stays_active(
    look: Look, tags: Tags
) -> None:
    look(0, 1, 1)
    look(5, 2, 1)
    look(20, None, 1)
    assert list(tags.records()) == [
        "desired.0001.1", "active.0001.1", "desired.0002.2", "desired.0003.none",
    ]  # fmt: skip


def test_a_worker_that_is_late_does_not_record_the_former_version_again(
    look: Look, tags: Tags
) -> None:
    look(0, 1, 1, worker=1)
    look(0, 1, 1, worker=2)
    look(5, 2, 2, worker=1)
    look(12, 2, 1, worker=2)
    look(14, 2, 2, worker=2)
    assert [key for key in tags.records() if "active" in key] == ["active.0001.1", "active.0002.2"]


def test_time_in_which_nobody_looked_is_unknown(look: Look, tags: Tags) -> None:
    for at in (0, 2, 12, 22, 51):  # within half a minute
        look(at, 1)
    assert list(tags.records()) == ["desired.0001.1"]
    for worker in (1, 2):
        look(90, 1, worker=worker)
    assert tags.records() == {
        "desired.0001.1": "0.0 start",
        "unknown.2026-01-01T12:00:51.000Z": "90.0",
    }


def test_without_news_the_tags_are_read_every_ten_seconds(look: Look, tags: Tags) -> None:
    for at in range(60):
        look(at, 1, 1)
    assert tags.reads == 6


def test_before_the_first_version_nothing_is_recorded_or_logged(
    look: Look, tags: Tags, caplog: pytest.LogCaptureFixture
) -> None:
    tags.error = NotFoundError("no such model")
    for at in range(60):
        look(at, None)
    assert (tags.own, caplog.text) == ({}, "")
    tags.error = None
    look(61, None)
    assert tags.records() == {}


def test_an_error_that_stays_is_logged_once_and_nothing_is_lost(
    look: Look, tags: Tags, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tags.error = RegistryError("it responds 403 Forbidden")
    look(0, 1, 1)
    assert caplog.text == ""  # the poller says that the registry is away
    for at in range(1, 60):
        look(at, 1, 1)
    assert caplog.text.count("The history is not recorded: it responds 403 Forbidden.") == 1
    assert tags.reads == 6
    tags.error = None
    look(60, 1, 1)
    assert list(tags.records()) == ["desired.0001.1", "active.0001.1"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_times_that_no_clock_shows_are_skipped(look: Look, tags: Tags, time: str) -> None:
    tags.own = {"seen": f"{time} {time}", "moving": f"{time} 1 train"}
    look(0, 1)
    assert tags.records() == {"desired.0001.1": "0.0 start"}


def test_malformed_tags_are_skipped(look: Look, tags: Tags) -> None:
    tags.own = {
        "desired.x.1": "", "desired.0001": "", "desired.0001.2.3": "", "desired": "", "": "",
        "seen": "yesterday today", "moving": "now", "active.0002.5": "when?",
    }  # fmt: skip
    look(0, 1, 5)
    assert tags.own["desired.0001.1"].endswith(" start")
    assert "active.0003.5" not in tags.own
