"""The history by workers and replicas that are late, and whose clocks disagree."""

import contextlib
import os

import pytest

from support.history import NOON, Look, Tags, look, tags

__all__ = ["look", "tags"]  # fixtures


def active(tags: Tags) -> dict[str, str]:
    return {key: value for key, value in tags.records().items() if key.startswith("active")}


def test_without_news_one_worker_looks_for_all(look: Look, tags: Tags) -> None:
    look(0, 1, 1)
    if not (worker := os.fork()):
        with contextlib.suppress(BaseException):
            look(12, 1, 1)
        os._exit(tags.reads)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 2
    look(15, 1, 1)
    assert tags.reads == 1, "the other looked three seconds ago"
    look(23, 1, 1)
    assert tags.reads == 2


def test_a_replica_that_starts_with_a_former_version_adds_no_record(look: Look, tags: Tags) -> None:
    look(0, 1, 1)
    look(5, 2, 2)
    before = tags.records()
    look(12, 2, (1, -100), worker=1)  # from its cache
    look(13, 2, (1, 12.5), worker=2)  # from its cache, while the registry was away
    look(20, 2, 2, worker=1)
    look(40, 2, (1, 12.5), worker=2)
    look(41, 2, 2, worker=2)
    assert tags.records() == before


def test_each_activation_is_recorded_once_after_a_move_there_and_back(
    look: Look, tags: Tags
) -> None:
    """Two workers end a long activation of version 2 one after the other."""
    for worker in (1, 2):
        look(0, 1, 1, worker=worker)
    look(1, 2, (1, 0), worker=1)
    look(5, 1, 2, worker=1)
    look(6, 1, 1, worker=1)
    look(7, 1, 2, worker=2)
    look(8, 1, 1, worker=2)
    assert active(tags) == {"active.0001.1": "0.0", "active.0002.2": "5.0", "active.0003.1": "6.0"}


def test_a_version_that_stays_active_is_not_active_before_it_is_desired_again(
    look: Look, tags: Tags
) -> None:
    look(0, 1, 1)
    look(1, 2, (1, 0))
    look(20, 1, (1, 0))
    assert active(tags) == {"active.0001.1": "0.0", "active.0003.1": "20.0"}


def test_a_version_that_was_never_desired_is_recorded_as_active_before_all_moves(
    look: Look, tags: Tags
) -> None:
    look(0, 2, (1, -100))  # version 2 is refused
    look(20, 2, (1, -90.0004), worker=1)
    assert tags.records() == {"desired.0001.2": "0.0 start", "active.0000.1": "-100.0"}
    look(30, 1, (1, -100))
    assert active(tags) == {"active.0000.1": "-100.0", "active.0002.1": "30.0"}


def test_of_records_with_one_number_the_later_counts(look: Look, tags: Tags) -> None:
    tags.own = {"desired.0001.3": "2026-01-01T12:00:02Z train"}
    tags.own |= {"desired.0001.10": "2026-01-01T12:00:01Z hand"}
    tags.own |= {"active.0001.10": "2026-01-01T12:00:01.500Z"}
    look(5, 3, (3, 4))
    assert active(tags) == {"active.0001.10": "1.5", "active.0001.3": "4.0"}
    look(20, 10)
    assert tags.records()["desired.0002.10"] == "20.0 hand"


def test_a_move_between_the_poll_and_the_look_is_not_recorded_as_a_move_back(
    look: Look, tags: Tags
) -> None:
    look(0, 1, 1)
    tags.own["desired.0002.2"], tags.moved = "2026-01-01T12:00:05Z promote", "2"
    look(12, 1, 1)  # polled before the move
    assert "desired.0003.1" not in tags.own
    look(14, 2, (1, 0))
    assert [key for key in tags.records() if key.startswith("desired")] == [
        "desired.0001.1", "desired.0002.2",
    ]  # fmt: skip


def test_the_end_of_a_gap_is_written_before_the_records(look: Look, tags: Tags) -> None:
    """A second worker then sees no gap, and one more gap does not begin before them."""
    look(0, 1, 1)
    tags.written.clear()
    look(100, 2, 2)
    assert tags.written == [
        "unknown.2026-01-01T12:00:00.000Z", "seen", "desired.0002.2", "active.0002.2",
    ]  # fmt: skip


def test_a_last_look_in_the_future_is_replaced(look: Look, tags: Tags) -> None:
    look(0, 1, ahead=3600)
    look(5, 1, worker=1)
    look(100, 1, worker=2)
    assert tags.records() == {
        "desired.0001.1": "3600.0 start",
        "unknown.2026-01-01T12:00:05.000Z": "100.0",
    }


def test_a_replica_whose_clock_is_ahead_records_no_gap_while_it_looks(
    look: Look, tags: Tags
) -> None:
    for number, at in enumerate(range(0, 132, 11)):
        look(at, 1, worker=1)
        look(at, 1, worker=12 if number % 4 == 3 else 2, ahead=3600)
    gaps = [key for key in tags.records() if key.startswith("unknown")]
    assert gaps == ["unknown.2026-01-01T12:00:00.000Z"]  # as it starts


def test_a_machine_that_slept_has_not_looked(look: Look, tags: Tags) -> None:
    look(0, 1)
    look(11, 1, ahead=600)  # the monotonic clock stands still meanwhile
    assert tags.records()["unknown.2026-01-01T12:00:00.000Z"] == "611.0"


def test_a_clock_that_is_set_back_does_not_stop_the_records(look: Look, tags: Tags) -> None:
    look(0, 1, ahead=3600)
    look(12, 1)
    assert tags.own["seen"] == "2026-01-01T12:00:12.000Z 2026-01-01T12:00:42.000Z"
    look(14, 2)
    assert tags.records()["desired.0002.2"] == "14.0 hand"


def test_what_was_seen_holds_for_three_hours_at_most(look: Look, tags: Tags) -> None:
    tags.own = {"seen": "2026-01-01T12:00:00Z 2027-01-01T12:00:00Z"}
    look(3 * 3600 + 1, 1)
    assert tags.records()["unknown.2026-01-01T12:00:00.000Z"] == "10801.0"


def test_a_worker_that_looks_while_another_records_a_killed_commands_move_names_it_too(
    look: Look, tags: Tags, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both start after the kill, and nobody has looked since. The second writes last."""
    look(0, 1)
    tags.own["moving"] = f"{NOON.isoformat()} desired.0002.2 promote"
    set_tag = tags.set_tag
    late: list[tuple[str, str]] = []

    def set_and_look(key: str, value: str) -> None:
        set_tag(key, value)
        if key.endswith(".seen"):
            monkeypatch.setattr(tags, "set_tag", lambda *tag: late.append(tag))
            look(3600.1, 2, worker=2)
            monkeypatch.setattr(tags, "set_tag", set_tag)

    monkeypatch.setattr(tags, "set_tag", set_and_look)
    look(3600, 2, worker=1)
    for key, value in late:
        set_tag(key, value)
    assert tags.records()["desired.0002.2"].endswith("promote")
