"""The history of the alias: what the trainer reads and writes."""

import pytest

from mnist_trainer.tracking.history import Record, read_history
from support.cases.history_tags import AT, MALFORMED_RECORDS, MALFORMED_SEEN, OTHER_MOVES
from support.trainer.history import Move, accuracies, at, move, text

__all__ = ["accuracies", "move"]  # fixtures


def test_records_are_in_the_order_of_their_numbers_then_of_their_times() -> None:
    tags = {
        "history.blue.desired.0010.none": f"{text(5)} hand",
        "history.blue.desired.0009.10": f"{text(3)} resume-upload",
        "history.blue.desired.0009.9": f"{text(4)} rollback",
        "history.blue.active.10000.2": text(1),
        "history.blue.active.0000.1": text(2),
        "history.green.desired.0011.1": f"{text(6)} hand",
    }
    history = read_history(tags, "blue", None)
    assert history.desired == [
        Record(9, 10, at(3), "resume-upload"),
        Record(9, 9, at(4), "rollback"),
        Record(10, None, at(5), "hand"),
    ]
    assert history.active == [Record(0, 1, at(2)), Record(10000, 2, at(1))]


@pytest.mark.parametrize("key", MALFORMED_RECORDS)
def test_malformed_records_are_skipped(key: str) -> None:
    history = read_history({f"history.blue.{key}": MALFORMED_RECORDS[key]}, "blue", None)
    assert (history.desired, history.active) == ([], [])


@pytest.mark.parametrize(("key", "value"), [("then", AT), (AT, "then"), (AT, ""), ("", AT)])
def test_malformed_gaps_and_those_of_other_aliases_are_skipped(key: str, value: str) -> None:
    tags = {f"history.blue.unknown.{key}": value, f"history.green.unknown.{AT}": AT}
    tags |= {f"history.blue.known.{AT}": AT, "note": "a person's"}
    assert read_history(tags, "blue", None).unknown == []


@pytest.mark.parametrize("seen", MALFORMED_SEEN)
def test_a_last_look_at_no_time_is_skipped(seen: str) -> None:
    assert read_history({"history.blue.seen": seen}, "blue", None).seen is None


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_no_clock_shows_does_not_prevent_a_promotion(time: str, move: Move) -> None:
    tags = {"seen": f"{time} {time}", "desired.0007.1": f"{time} hand"}
    assert "desired.0001.2" in move(tags, 0, None, 2)


def test_a_move_is_announced_and_recorded(move: Move) -> None:
    tags: dict[str, str] = {}
    new = move(tags, 0, None, 1)
    assert list(new.items()) == [
        ("moving", f"{text(0)} desired.0001.1 train"),
        ("seen", f"{text(1)} {text(31)}"),
        ("desired.0001.1", f"{text(1)} train"),
    ]
    assert list(move(tags, 20, 1, 2)) == ["moving", "seen", "desired.0002.2"]


def test_the_accuracies_of_the_versions_are_recorded(
    move: Move, accuracies: dict[int, str]
) -> None:
    tags: dict[str, str] = {}
    accuracies |= {4: "0.9900", 5: "0.9931"}
    new = move(tags, 0, 4, 5)
    assert new["desired.0001.4"] == f"{text(0)} start 0.9900"
    assert new["desired.0002.5"] == f"{text(1)} train 0.9931"
    assert new["moving"] == f"{text(0)} desired.0002.5 train"
    history = read_history({f"history.blue.{key}": tags[key] for key in tags}, "blue", 5)
    assert [record.accuracy for record in history.desired] == ["0.9900", "0.9931"]


def test_what_nobody_saw_before_a_move_is_recorded_too(move: Move) -> None:
    tags: dict[str, str] = {}
    assert move(tags, 0, 4, 5)["desired.0001.4"] == f"{text(0)} start"
    assert "desired.0002.5" in tags
    new = move(tags, 100, 3, 6)
    assert new[f"unknown.{text(1)}"] == text(100)
    assert new["desired.0003.3"] == f"{text(100)} hand"
    assert new["desired.0004.6"] == f"{text(101)} train"


def test_the_end_of_a_gap_is_written_before_the_records(move: Move) -> None:
    """If the trainer is killed then, who looks next does not write another end."""
    tags = {"seen": f"{text(0)} {text(30)}", "desired.0001.1": f"{text(0)} hand"}
    new = move(tags, 100, 2, 3, end=False)
    assert list(new) == [f"unknown.{text(0)}", "seen", "desired.0002.2", "moving"]
    assert new["seen"] == f"{text(100)} {text(130)}"


def test_a_move_of_a_trainer_that_was_killed_is_recorded_as_its(move: Move) -> None:
    tags: dict[str, str] = {}
    move(tags, 0, None, 1, end=False)
    assert move(tags, 59, 1, 2)["desired.0001.1"] == f"{text(59)} train"
    move(tags, 70, 2, 3, end=False)
    assert move(tags, 80, 4, 5)["desired.0003.4"] == f"{text(80)} hand"
    move(tags, 90, 5, 6, end=False)
    assert move(tags, 9000, 6, 7)["desired.0005.6"] == f"{text(9000)} train"


def test_a_trainer_that_was_killed_before_its_move_has_not_made_a_later_one(move: Move) -> None:
    tags = {"desired.0001.1": f"{text(0)} start"}
    move(tags, 0, 1, 2, end=False)
    tags["seen"] = f"{text(61)} {text(91)}"
    assert move(tags, 70, 2, 3)["desired.0002.2"] == f"{text(70)} hand"


@pytest.mark.parametrize("moving", OTHER_MOVES)
def test_what_is_said_of_another_move_does_not_name_the_mover(moving: str) -> None:
    tags = {"desired.0001.1": f"{AT} start", "moving": moving}
    own = {f"history.blue.{key}": value for key, value in tags.items()}
    assert read_history(own, "blue", 2).find_unrecorded(at(0)) == Record(2, 2, at(0), "hand")
    assert read_history(own, "blue", 1).find_unrecorded(at(0)) is None


UNTIL = [
    (0, 600, 600),  # the API polls every 200 s
    (3600, 4200, 611),  # and its clock is ahead
    (0, 10**6, 3 * 3600),  # no API polls as rarely
    (0, 20, 41),
    (20, 0, 41),
]


@pytest.mark.parametrize(("seen", "until", "expected"), UNTIL)
def test_a_move_does_not_change_for_how_long_the_api_has_seen(
    seen: float, until: float, expected: float, move: Move
) -> None:
    tags = {"seen": f"{text(seen)} {text(until)}"}
    assert move(tags, 10, None, 1)["seen"] == f"{text(11)} {text(expected)}"
