"""What the API records of the alias, in tags of the registered model."""

from datetime import datetime, timedelta

import pytest

from mnist_api.registry.history.recorder import History
from support.cases.history_tags import ACCURACIES, NO_ACCURACIES
from support.history import NOON, Look, Tags, look, tags

__all__ = ["look", "tags"]  # fixtures


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
    tags.own["moving"] = f"{(NOON + timedelta(seconds=4)).isoformat()} desired.0002.2 rollback"
    look(5, 2)
    assert tags.records()["desired.0002.2"] == "5.0 rollback"
    look(8, 3)
    assert tags.records()["desired.0003.3"] == "8.0 hand"
    look(100, 2)  # the command is long over
    assert tags.records()["desired.0004.2"] == "100.0 hand"


@pytest.mark.parametrize(
    ("accuracy", "text"), [*ACCURACIES, *((accuracy, "") for accuracy in NO_ACCURACIES)]
)
def test_the_accuracy_of_a_desired_version_is_recorded(
    look: Look, tags: Tags, accuracy: float | None, text: str
) -> None:
    tags.accuracies = {1: accuracy, 2: 0.5}
    look(0, 1)
    assert tags.records() == {"desired.0001.1": f"0.0 start {text}".rstrip()}
    look(5, 2)
    assert tags.records()["desired.0002.2"] == "5.0 hand 0.5000"


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


def test_what_was_seen_holds_for_three_polls(tags: Tags) -> None:
    History(tags, "blue", 20).look(None, None)  # type: ignore[arg-type] # a fake
    seen, until = map(datetime.fromisoformat, tags.own["seen"].split(" "))
    assert until - seen == timedelta(seconds=60)


def test_what_was_seen_holds_to_the_end_of_its_time(look: Look, tags: Tags) -> None:
    look(0, 1)
    look(30, 1, worker=1)
    assert list(tags.records()) == ["desired.0001.1"]
    look(60.001, 1, worker=2)
    assert "unknown.2026-01-01T12:00:30.000Z" in tags.own
