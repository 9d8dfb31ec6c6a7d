"""The history while the registry fails, and with tags that say nothing."""

import logging
from datetime import timedelta

import pytest

from mnist_api.registry.mlflow_client import NotFoundError, RegistryError
from support.cases.history_tags import MALFORMED_RECORDS, MALFORMED_SEEN, OTHER_MOVES
from support.history import NOON, Look, Tags, look, tags

__all__ = ["look", "tags"]  # fixtures


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
    look(10, 1, 1)
    assert caplog.messages == ["The history is not recorded: it responds 403 Forbidden."]
    for at in range(11, 60):
        look(at, 1, 1)
    assert caplog.text.count("The history is not recorded: it responds 403 Forbidden.") == 1
    assert tags.reads == 6
    tags.error = None
    look(60, 1, 1)
    assert list(tags.records()) == ["desired.0001.1", "active.0001.1"]


def test_an_unforeseen_error_is_logged_with_its_trace_and_does_not_reach_the_poller(
    look: Look, tags: Tags, caplog: pytest.LogCaptureFixture
) -> None:
    tags.error = KeyError("registered_model")
    for at in range(0, 60, 10):
        look(at, 1, 1)
    assert caplog.text.count("Traceback") == 1


def test_a_move_after_one_error_is_recorded_at_once(look: Look, tags: Tags) -> None:
    look(0, 1, 1)
    tags.error = RegistryError("it does not respond")
    look(12, 2, 1)
    tags.error = None
    look(14, 2, 1)
    look(18, 1, 1)
    assert list(tags.records())[:3] == ["desired.0001.1", "active.0001.1", "desired.0002.2"]
    assert "desired.0003.1" in tags.records()


def test_a_record_with_a_large_number_does_not_end_the_history(look: Look, tags: Tags) -> None:
    tags.own = {"desired.999999999.1": f"{NOON.isoformat()} hand"}
    look(1, 2)
    look(2, 3)
    assert list(tags.records())[1:] == ["desired.1000000000.2", "desired.1000000001.3"]


@pytest.mark.parametrize("seen", MALFORMED_SEEN)
def test_a_last_look_at_no_time_is_replaced(look: Look, tags: Tags, seen: str) -> None:
    tags.own = {"seen": seen}
    look(100, 1)
    assert tags.records() == {"desired.0001.1": "100.0 start"}
    assert tags.own["seen"] == "2026-01-01T12:01:40.000Z 2026-01-01T12:02:10.000Z"


@pytest.mark.parametrize("key", MALFORMED_RECORDS)
def test_malformed_tags_are_skipped(look: Look, tags: Tags, key: str) -> None:
    tags.own = {key: MALFORMED_RECORDS[key]}
    look(0, 1, 5)
    del tags.own[key]
    assert tags.records() == {"desired.0001.1": "0.0 start", "active.0000.5": "0.0"}


@pytest.mark.parametrize("moving", OTHER_MOVES)
def test_what_is_said_of_another_move_does_not_name_the_mover(
    look: Look, tags: Tags, moving: str
) -> None:
    look(-5, 1)
    tags.own["moving"] = moving
    look(0, 2)
    assert tags.records()["desired.0002.2"] == "0.0 hand"


@pytest.mark.parametrize("begin", [4, 63])  # its clock may be ahead
def test_a_command_that_was_killed_is_named_whenever_its_move_is_seen(
    look: Look, tags: Tags, begin: float
) -> None:
    look(0, 1)
    at = (NOON + timedelta(seconds=begin)).isoformat()
    tags.own["moving"] = f"{at} desired.0002.2 resume-upload"
    look(3600, 2)
    assert tags.records()["desired.0002.2"] == "3600.0 resume-upload"


def test_a_command_that_was_killed_before_its_move_has_not_made_a_later_one(
    look: Look, tags: Tags
) -> None:
    look(0, 1)
    tags.own["moving"] = f"{NOON.isoformat()} desired.0002.2 rollback"
    for seconds in (20, 40, 61):
        look(seconds, 1)
    look(70, 2)
    assert tags.records()["desired.0002.2"] == "70.0 hand"
