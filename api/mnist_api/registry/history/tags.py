"""The tags that hold the history of the alias. What is malformed is skipped, as by the trainer."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

NONE = "none"  # in place of a version
COMMANDS = "train|search|resume-upload|promote|rollback"  # that move the alias
KEY = rf"([0-9]{{4,40}})\.({NONE}|[1-9][0-9]{{0,9}})"
ACCURACY = r"0\.[0-9]{4}|1\.0000"  # on the test images; former records and some versions have none
RECORDS = {
    "desired": re.compile(rf"desired\.{KEY} (\S+) ({COMMANDS}|hand|start)(?: ({ACCURACY}))?"),
    "active": re.compile(rf"active\.{KEY} (\S+)"),
}
MOVING = re.compile(rf"(\S+) (\S+) ({COMMANDS})")
MOVE = timedelta(seconds=60)  # if it was seen unmoved so long after "moving", another moved it
MAX_VALID = timedelta(hours=3)  # of what was seen: three of the longest pauses between two polls
YEARS = range(1971, 9999)  # of a time that is valid in every time zone


class Record(NamedTuple):
    """From ``at`` on ``version`` was desired or active. Two written at once have one number."""

    number: int
    at: datetime
    version: str


class Seen(NamedTuple):
    """When somebody looked last, and until when what was seen holds."""

    at: datetime
    until: datetime


class Tags:
    """The tags of one alias, whose keys begin with ``prefix``."""

    def __init__(self, tags: Mapping[str, str], prefix: str) -> None:
        self._tags = {
            key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)
        }

    def read_records(self, kind: str) -> list[Record]:
        """Return the records of the "desired" or the "active" versions, the earliest first."""
        found = []
        for key, value in self._tags.items():
            match = RECORDS[kind].fullmatch(f"{key} {value}")
            if match and (at := _parse_time(match[3])):
                found.append(Record(int(match[1]), at, match[2]))
        return sorted(found)

    def read_seen(self) -> Seen | None:
        """Return when somebody looked last, None if nobody has."""
        first, _, second = self._tags.get("seen", "").partition(" ")
        at, until = _parse_time(first), _parse_time(second)
        return Seen(at, min(until, at + MAX_VALID)) if at and until else None

    def find_mover(self, key: str) -> str | None:
        """Return the command that makes the move to be recorded as ``key``, None if none does."""
        match = MOVING.fullmatch(self._tags.get("moving", ""))
        begin = _parse_time(match[1]) if match and match[2] == key else None
        seen = self.read_seen()
        is_late = begin and seen and seen.at - begin > MOVE
        return match[3] if match and begin and not is_late else None


def make_key(kind: str, number: int, version: str) -> str:
    """Return the key of a record."""
    return f"{kind}.{number:04}.{version}"


def describe_move(at: datetime, by: str, accuracy: float | None) -> str:
    """Return the value of the record of a version that is desired, which may have no accuracy."""
    text = "" if accuracy is None else f"{accuracy:.4f}"
    return f"{format_time(at)} {by}" + (f" {text}" if re.fullmatch(ACCURACY, text) else "")


def format_time(time: datetime) -> str:
    """Return ``time`` in UTC, to the millisecond; a tag's key may have no plus sign."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def _parse_time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo and time.year in YEARS else None
    except (ValueError, OverflowError):
        return None
