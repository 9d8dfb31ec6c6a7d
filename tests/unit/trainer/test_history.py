"""The history of the alias: what the trainer writes, and the periods that are shown."""

from datetime import UTC, datetime, timedelta

import pytest

from mnist_trainer.cli.history import list_periods
from mnist_trainer.tracking import history as module
from mnist_trainer.tracking.history import HistoryWriter, read_history

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def text(seconds: float) -> str:
    return at(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def periods(now: float, until: float, **tags: str) -> list[tuple[float, float | None, int | str]]:
    """Return the periods of the desired versions, in seconds after noon."""
    own = {f"history.blue.{key.replace('_', '.')}": value for key, value in tags.items()}
    own["history.blue.seen"] = f"{text(until - 30)} {text(until)}"
    for key in [key for key in own if "unknown" in key]:
        own[f"history.blue.unknown.{text(float(key.rpartition('.')[2]))}"] = own.pop(key)
    history = read_history(own, "blue")
    return [
        (
            (each.begin - NOON).total_seconds(),
            (each.end - NOON).total_seconds() if each.end else None,
            "unknown" if each.record is None else each.record.version or "none",
        )
        for each in list_periods(history.desired, history, at(now))
    ]


def test_each_period_ends_when_the_next_begins() -> None:
    tags = {"desired_0002_2": f"{text(60)} train", "desired_0001_1": f"{text(0)} start"}
    tags |= {"desired_0003_none": f"{text(90)} hand", "desired_0004_1": f"{text(95)} rollback"}
    assert periods(100, 130, **tags) == [
        (0, 60, 1), (60, 90, 2), (90, 95, "none"), (95, None, 1),
    ]  # fmt: skip


def test_a_move_that_was_recorded_twice_is_shown_once() -> None:
    tags = {"desired_0001_1": f"{text(0)} hand", "desired_0002_1": f"{text(1)} hand"}
    assert periods(10, 40, **tags) == [(0, None, 1)]


GAPS = [
    ({"unknown_20": text(50)}, [(0, 20, 1), (20, 50, "unknown"), (50, 60, 1), (60, None, 2)]),
    (
        {"unknown_20": text(80)},
        [(0, 20, 1), (20, 60, "unknown"), (60, 80, "unknown"), (80, None, 2)],
    ),
    ({"unknown_60": text(80)}, [(0, 60, 1), (60, 80, "unknown"), (80, None, 2)]),
    (
        {"unknown_20": text(30), "unknown_40": text(60)},
        [(0, 20, 1), (20, 30, "unknown"), (30, 40, 1), (40, 60, "unknown"), (60, None, 2)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("gaps", "expected"), GAPS)
def test_periods_are_cut_where_nobody_looked(
    gaps: dict[str, str], expected: list[tuple[float, float | None, int | str]]
) -> None:
    tags = {"desired_0001_1": f"{text(0)} train", "desired_0002_2": f"{text(60)} hand"}
    assert periods(100, 130, **tags, **gaps) == expected


def test_since_the_last_look_the_state_is_unknown_until_now() -> None:
    tags = {"desired_0001_1": f"{text(0)} train"}
    assert periods(500, 130, **tags) == [(0, 100, 1), (100, 500, "unknown"), (500, None, 1)]


def test_malformed_tags_and_those_of_other_aliases_are_skipped() -> None:
    tags = {
        "history.blue.desired.0001.1": "noon train", "history.blue.desired.x.1": text(0),
        "history.blue.desired.0001.x": text(0), "history.blue.desired": text(0),
        "history.blue.unknown.then": text(0), "history.blue.seen": "2026-01-01T12:00:00 x",
        "history.green.desired.0001.1": text(0), "note": "a person's",
    }  # fmt: skip
    history = read_history(tags, "blue")
    assert (history.desired, history.active, history.unknown) == ([], [], [])
    assert history.seen is None


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_no_clock_shows_does_not_prevent_a_promotion(
    time: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = {"history.blue.seen": f"{time} {time}", "history.blue.desired.0007.1": f"{time} hand"}
    assert "desired.0001.2" in move(tags, monkeypatch, 0, None, 2)


class Clock:
    """A fake of the class `datetime`: the time goes on by a second with each question."""

    fromisoformat = datetime.fromisoformat

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self, _: object) -> datetime:
        self._seconds += 1
        return at(self._seconds - 1)


def move(
    tags: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    current: int | None,
    to: int,
) -> dict[str, str]:
    """Move the alias; return the tags that were set, without the prefix."""
    monkeypatch.setattr(module, "datetime", Clock(seconds))
    new: dict[str, str] = {}
    writer = HistoryWriter("blue", new.__setitem__)
    writer.begin_move(read_history(tags, "blue"), current, to, "train")()
    tags |= new
    return {key.removeprefix("history.blue."): value for key, value in new.items()}


def test_a_move_is_announced_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    tags: dict[str, str] = {}
    assert move(tags, monkeypatch, 0, None, 1) == {
        "moving": f"{text(0)} 1 train",
        "desired.0001.1": f"{text(1)} train",
        "seen": f"{text(1)} {text(31)}",
    }
    assert list(move(tags, monkeypatch, 20, 1, 2)) == ["moving", "desired.0002.2", "seen"]


def test_what_nobody_saw_before_a_move_is_recorded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    tags: dict[str, str] = {}
    assert "desired.0001.4" in move(tags, monkeypatch, 0, 4, 5)
    new = move(tags, monkeypatch, 100, 3, 6)
    assert new[f"unknown.{text(1)}"] == text(100)
    assert new["desired.0003.3"] == f"{text(100)} hand"
    assert new["desired.0004.6"] == f"{text(101)} train"


def test_a_move_does_not_shorten_what_the_api_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = {"history.blue.seen": f"{text(0)} {text(600)}"}  # it polls every 200 s
    assert move(tags, monkeypatch, 10, None, 1)["seen"] == f"{text(11)} {text(600)}"
