"""The history of the alias: which version was desired and active since when, and who moved it.

It stands in tags of the registered model, which docs/architecture.md lists. The API writes what its
workers see, the trainer what it moves; a record's key holds its number and its version.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

NONE = "none"  # in place of a version
COMMANDS = "train|search|resume-upload|promote|rollback"  # that move the alias
KEY = rf"([0-9]{{4,40}})\.({NONE}|[1-9][0-9]{{0,9}})"
ACCURACY = r"0\.[0-9]{4}|1\.0000"  # on the test images; former records and some versions have none
DESIRED = re.compile(rf"desired\.{KEY} (\S+) ({COMMANDS}|hand|start)(?: ({ACCURACY}))?")
ACTIVE = re.compile(rf"active\.{KEY} (\S+)()()")
MOVING = re.compile(rf"(\S+) (\S+) ({COMMANDS})")
MOVE = timedelta(seconds=60)  # if it was seen unmoved so long after "moving", another moved it
MAX_VALID = timedelta(hours=3)  # of what was seen: three of the longest pauses of the API
YEARS = range(1971, 9999)  # of a time that is valid in every time zone

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """From ``at`` on ``version`` was desired or active, None for none; ``by`` moved the alias.

    ``accuracy`` is that of a version that was desired, "" where it is not known.
    """

    number: int
    version: int | None
    at: datetime
    by: str = ""
    accuracy: str = ""

    @property
    def key(self) -> str:
        """The key of the tag of a version that was desired."""
        return f"desired.{self.number:04}.{self.version or NONE}"


@dataclass(frozen=True)
class History:
    """The records, the earliest first; when nobody looked, from and to; when somebody last did.

    ``current`` is the desired version now, and ``moving`` when, as which record and by which
    command the trainer last began to move the alias.
    """

    desired: list[Record]
    active: list[Record]
    unknown: list[tuple[datetime, datetime]]
    seen: tuple[datetime, datetime] | None  # when, and until when that holds
    moving: tuple[datetime, str, str] | None
    current: int | None

    def find_gap(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Return the time up to ``now`` in which nobody looked, None if somebody has."""
        return (self.seen[0], now) if self.seen and self.seen[1] < now else None

    def find_unrecorded(self, now: datetime) -> Record | None:
        """Return the record that is missing for the desired version, seen ``now``."""
        last = self.desired[-1] if self.desired else Record(0, None, now)
        if self.current == last.version:
            return None
        record = Record(last.number + 1, self.current, now, "hand" if self.desired else "start")
        at, key, command = self.moving or (now, "", "")
        is_late = self.seen and self.seen[0] - at > MOVE
        return replace(record, by=command) if key == record.key and not is_late else record


def read_history(tags: Tags, alias: str, current: int | None) -> History:
    """Return what the tags of a registered model say; a tag that is malformed is skipped."""
    prefix = f"history.{alias}."
    own = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
    return History(
        desired=sorted(_read_records(own, DESIRED), key=_order),
        active=sorted(_read_records(own, ACTIVE), key=_order),
        unknown=sorted(_read_unknown(own)),
        seen=_read_seen(own),
        moving=_read_moving(own),
        current=current,
    )


def _read_records(tags: Tags, pattern: re.Pattern[str]) -> Iterator[Record]:
    for key, value in tags.items():
        match = pattern.fullmatch(f"{key} {value}")
        if match and (at := _parse_time(match[3])):
            version = None if match[2] == NONE else int(match[2])
            yield Record(int(match[1]), version, at, match[4], match[5] or "")


def _read_unknown(tags: Tags) -> Iterator[tuple[datetime, datetime]]:
    for key, value in tags.items():
        kind, _, begin = key.partition(".")
        times = _parse_time(begin), _parse_time(value)
        if kind == "unknown" and times[0] and times[1]:
            yield times[0], times[1]


def _read_seen(tags: Tags) -> tuple[datetime, datetime] | None:
    first, _, second = tags.get("seen", "").partition(" ")
    at, until = _parse_time(first), _parse_time(second)
    return (at, min(until, at + MAX_VALID)) if at and until else None


def _read_moving(tags: Tags) -> tuple[datetime, str, str] | None:
    match = MOVING.fullmatch(tags.get("moving", ""))
    at = _parse_time(match[1]) if match else None
    return (at, match[2], match[3]) if match and at else None


def _order(record: Record) -> tuple[int, datetime]:
    return record.number, record.at


def _parse_time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo and time.year in YEARS else None
    except (ValueError, OverflowError):
        return None
