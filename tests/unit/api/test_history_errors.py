"""The history while the registry fails, and with tags that say nothing."""

import logging

import pytest

from mnist_api.registry.mlflow_client import NotFoundError, RegistryError
from support.history import Look, Tags, look, tags

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
