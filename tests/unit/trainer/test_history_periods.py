"""The periods that the command `history` shows."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from mnist_trainer.cli.history import describe_history, list_periods
from mnist_trainer.tracking.history import read_history
from support.trainer.history import NOON, at, text


def periods(now: float, until: float, **tags: str) -> list[tuple[float, float | None, int | str]]:
    """Return the periods of the desired versions, in seconds after noon."""
    own = {f"history.blue.{key.replace('_', '.')}": value for key, value in tags.items()}
    own["history.blue.seen"] = f"{text(until - 30)} {text(until)}"
    for key in [key for key in own if "unknown" in key]:
        own[f"history.blue.unknown.{text(float(key.rpartition('.')[2]))}"] = own.pop(key)
    history = read_history(own, "blue", None)
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


def test_moves_whose_times_disagree_are_all_shown() -> None:
    """The trainer's clock is ahead of the API's."""
    tags = {"desired_0001_1": f"{text(0)} start", "desired_0002_2": f"{text(60)} train"}
    tags |= {"desired_0003_3": f"{text(10)} hand"}
    assert periods(100, 130, **tags) == [(0, 60, 1), (60, 60, 2), (10, None, 3)]


def test_a_move_that_was_recorded_twice_is_shown_once() -> None:
    tags = {"desired_0001_1": f"{text(0)} hand", "desired_0002_1": f"{text(1)} hand"}
    assert periods(10, 40, **tags) == [(0, None, 1)]


GAPS = [
    ({"unknown_20": text(50)}, [(0, 20, 1), (20, 50, "unknown"), (50, 60, 1), (60, None, 2)]),
    (
        {"unknown_20": text(80)},
        [(0, 20, 1), (20, 60, "unknown"), (60, None, 2)],  # who recorded the move has looked
    ),
    (
        {"unknown_60": text(80)},  # nobody looked after the move, which is shown all the same
        [(0, 60, 1), (60, 60, 2), (60, 80, "unknown"), (80, None, 2)],
    ),
    (
        {"unknown_20": text(40), "unknown_30": text(50)},
        [(0, 20, 1), (20, 40, "unknown"), (40, 50, "unknown"), (50, 60, 1), (60, None, 2)],
    ),
    (
        {"unknown_20": text(40), "unknown_25": text(30)},
        [(0, 20, 1), (20, 40, "unknown"), (40, 60, 1), (60, None, 2)],
    ),
    (
        {"unknown_20": text(59.5)},
        [(0, 20, 1), (20, 59.5, "unknown"), (60, None, 2)],
    ),
    (
        {"unknown_80": text(3600)},  # by a clock that is ahead
        [(0, 60, 1), (60, 80, 2), (80, 100, "unknown"), (100, None, 2)],
    ),
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


def test_each_move_is_shown_with_the_accuracy_that_was_recorded_with_it() -> None:
    """The version's tag has changed since; former records have none, and show what is known."""
    now = datetime.now(UTC).isoformat()
    moves = {
        "desired.0001.1": "train 0.9900",
        "desired.0002.2": "hand",
        "desired.0003.1": "rollback 0.9800",
        "desired.0004.3": "train",
        "desired.0005.none": "hand 0.9700",
    }
    tags = {f"history.blue.{key}": f"{now} {moves[key]}" for key in moves}
    registry: Any = SimpleNamespace(
        name="digits",
        alias="blue",
        history=lambda: read_history(tags, "blue", None),
        versions=lambda: [SimpleNamespace(number=2, test_accuracy="0.9931")],
    )
    lines = [line.split()[:2] for line in describe_history(registry)][2:7]
    assert lines == [
        ["1", "0.9900"], ["2", "0.9931"], ["1", "0.9800"], ["3", "-"], ["none", "-"],
    ]  # fmt: skip
