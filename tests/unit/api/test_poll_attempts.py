"""When a version is tried again, and the thread that polls."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from mnist_api.model.active import Desired, LoadedModel
from mnist_api.registry import poller as module
from mnist_api.registry.active_record import LastActive
from mnist_api.registry.version_folders import DamagedError
from support.polled_fakes import NOON
from support.polling import Polling, StoppedError, logged, make_polling, polling, version

__all__ = ["polling"]  # a fixture


def attempts(polling: Polling, until: int) -> list[int]:
    """Poll once a second; return after how many seconds version 1 was tried."""
    start, found = polling.clock.now, []
    for second in range(until + 1):
        polling.clock.now = start + second
        before = len(polling.cache.obtained)
        polling.poll(1)
        found += [second] * (len(polling.cache.obtained) - before)
    return found


PAUSES = [
    (10, [0, 10, 30, 70, 130, 190]),  # a minute at most between two
    (45, [0, 45, 105, 165]),
    (70, [0, 70, 140]),
]


@pytest.mark.parametrize(("poll_seconds", "expected"), PAUSES)
def test_a_version_is_tried_again_after_longer_and_longer_pauses(
    monkeypatch: pytest.MonkeyPatch, poll_seconds: float, expected: list[int]
) -> None:
    polling = make_polling(monkeypatch, poll_seconds)
    polling.cache.errors = {"1": DamagedError("it is damaged")}
    assert attempts(polling, 195) == expected


def test_another_version_and_the_same_one_promoted_again_are_tried_at_once(
    polling: Polling,
) -> None:
    polling.cache.errors = {"1": DamagedError("it is damaged")}
    assert attempts(polling, 35) == [0, 10, 30]
    polling.poll(2)
    assert attempts(polling, 35) == [0, 10, 30]
    polling.poll(2)
    polling.poll(None)
    assert attempts(polling, 35) == [0, 10, 30]
    polling.poll(None)
    assert attempts(polling, 35) == [0, 10, 30]


def test_while_a_version_is_tried_again_its_last_result_is_reported(polling: Polling) -> None:
    seen: list[Desired | None] = []
    polling.cache.errors = {"1": DamagedError("it is damaged")}
    polling.cache.on_obtain = lambda: seen.append(polling.active.desired)
    attempts(polling, 10)
    assert seen == [Desired("1", "loading"), Desired("1", "refused", "it is damaged")]


def test_an_unforeseen_error_pauses_as_well(polling: Polling) -> None:
    polling.cache.errors = {"1": MemoryError()}
    with pytest.raises(MemoryError):
        polling.poll(1)
    polling.poll(1)
    assert polling.cache.obtained == ["1"]


def test_a_version_that_was_active_is_loaded_before_the_registry_is_asked(
    polling: Polling, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = start(polling, monkeypatch)
    polling.cache.last = LastActive(version(1), NOON)
    polling.cache.accepted = polling.cache.cached = [version(1)]
    polling.poller.start()
    assert polling.active.require().since == NOON
    assert logged(caplog) == ["+ Version 1 of digits is active, from the cache."]
    assert started == [{"args": (None,), "name": "poller", "daemon": True}]


def start(polling: Polling, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return a list of what threads are started with; none runs."""
    started: list[dict[str, Any]] = []

    def thread(target: object, **settings: Any) -> SimpleNamespace:
        assert target == polling.poller._run
        return SimpleNamespace(start=lambda: started.append(settings))

    monkeypatch.setattr(module, "threading", SimpleNamespace(Thread=thread))
    return started


def test_a_version_without_a_trial_is_left_to_the_thread(
    polling: Polling, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = start(polling, monkeypatch)
    polling.poller.start()
    polling.cache.last = LastActive(version(1), NOON)
    polling.cache.cached = [version(1)]
    polling.poller.start()
    assert polling.active.current is None
    assert [each["args"] for each in started] == [(None,), (polling.cache.last,)]


def run(polling: Polling, last: LastActive | None, polls: int) -> None:
    """Run the thread's loop for some polls."""
    polling.clock.sleeps = polls
    with pytest.raises(StoppedError):
        polling.poller._run(last)
    assert polling.clock.slept == [10] * polls


def test_the_thread_loads_the_last_version_once_and_polls(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    polling.cache.cached = [version(1)]
    run(polling, LastActive(version(1), NOON), 3)
    assert polling.cache.obtained == ["1"]
    current = polling.active.require()
    assert current == LoadedModel(current.model, version(1), "registry", NOON)
    assert logged(caplog) == [
        "+ Version 1 of digits is active, from the cache.",
        "The registry has no desired version. Version 1 stays active.",
    ]


def test_a_version_whose_file_is_gone_is_not_fetched_for_the_start(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    run(polling, LastActive(version(1), NOON), 1)
    assert logged(caplog)[0] == (
        "Version 1 in the cache is not activated: its file is missing or damaged."
    )


def test_the_thread_survives_unforeseen_errors_and_logs_each_kind_once(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    polling.cache.errors = {"1": MemoryError()}
    run(polling, LastActive(version(1), NOON), 3)
    assert polling.cache.obtained == ["1"] * 3
    assert polling.observer.failures == 3
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [
        (logging.WARNING, "Polling the registry failed.")
    ]
    assert caplog.records[0].exc_info  # the trace
    polling.clock.slept.clear()
    polling.registry.error = ZeroDivisionError()
    run(polling, None, 2)
    assert len(caplog.records) == 2
