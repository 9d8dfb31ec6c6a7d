"""Times of a history, in seconds after noon, and moves of the alias that are recorded."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mnist_trainer.tracking import history_writer as module
from mnist_trainer.tracking.history import read_history
from mnist_trainer.tracking.history_writer import HistoryWriter

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def text(seconds: float) -> str:
    return at(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock:
    """A fake of the class `datetime`: the time goes on by a second with each question."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self, _: object) -> datetime:
        self._seconds += 1
        return at(self._seconds - 1)


Move = Callable[..., dict[str, str]]


@pytest.fixture
def accuracies() -> dict[int, str]:
    """Those of the versions, as a record has them."""
    return {}


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch, accuracies: dict[int, str]) -> Move:
    """Return a function that moves the alias, and returns the tags that were set, in order.

    Keys are without the prefix. The trainer is killed if the move does not ``end``.
    """

    def begin(
        own: dict[str, str], seconds: float, current: int | None, to: int, end: bool = True
    ) -> dict[str, str]:
        monkeypatch.setattr(module, "datetime", Clock(seconds))
        new: dict[str, str] = {}
        tags = {f"history.blue.{key}": value for key, value in own.items()}
        writer = HistoryWriter("blue", new.__setitem__, lambda number: accuracies.get(number, ""))
        ended = writer.begin_move(read_history(tags, "blue", current), to, "train")
        if end:
            ended(True)
        written = {key.removeprefix("history.blue."): value for key, value in new.items()}
        own |= written
        return written

    return begin
