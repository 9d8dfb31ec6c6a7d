"""The history of the alias: which version was desired and active since when, and who moved it.

It stands in tags of the registered model, which docs/architecture.md lists. The API writes what its
workers see, the trainer what it moves; a record's key holds its number and its version.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LONGEST = timedelta(seconds=30)  # without a look; after more time the state was unknown
NONE = "none"  # in place of a version
FIRST_YEAR = 1971  # of a time that is valid in every time zone


@dataclass(frozen=True)
class Record:
    """From ``at`` on ``version`` was desired or active, None for none; ``by`` moved the alias."""

    number: int
    version: int | None
    at: datetime
    by: str = ""


@dataclass(frozen=True)
class History:
    """The records, the earliest first; when nobody looked, from and to; when somebody last did."""

    desired: list[Record]
    active: list[Record]
    unknown: list[tuple[datetime, datetime]]
    seen: datetime | None
    until: datetime | None  # what was seen last holds until then


def read_history(tags: Mapping[str, str], alias: str) -> History:
    """Return what the tags of a registered model say; a tag that is malformed is skipped."""
    prefix = f"history.{alias}."
    own = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
    seen, _, until = own.get("seen", "").partition(" ")
    return History(
        desired=sorted(_read_records(own, "desired"), key=_order),
        active=sorted(_read_records(own, "active"), key=_order),
        unknown=sorted(_read_unknown(own)),
        seen=_parse_time(seen),
        until=_parse_time(until),
    )


class HistoryWriter:
    """Writes tags of the registered model with ``set_tag``, called with a key and a value."""

    def __init__(self, alias: str, set_tag: Callable[[str, str], None]) -> None:
        self._prefix = f"history.{alias}."
        self._set_tag = set_tag

    def begin_move(
        self, history: History, current: int | None, target: int, command: str
    ) -> Callable[[], None]:
        """Say that ``command`` moves the alias; return what is to be called when it has moved.

        If that is never called, the API records the move as that of ``command``, if it sees it.
        """
        now = datetime.now(UTC)
        if history.seen and history.until and history.until < now:
            self._set(f"unknown.{_format(history.seen)}", _format(now))
        last = history.desired[-1] if history.desired else None
        number = last.number if last else 0
        if current != (last.version if last else None):
            number += 1
            by = "hand" if last else "start"
            self._set(f"desired.{number:04}.{current or NONE}", f"{_format(now)} {by}")
        self._set("moving", f"{_format(now)} {target} {command}")

        def end() -> None:
            moved = datetime.now(UTC)
            self._set(f"desired.{number + 1:04}.{target}", f"{_format(moved)} {command}")
            until = max(moved + LONGEST, history.until or moved)
            self._set("seen", f"{_format(moved)} {_format(until)}")

        return end

    def _set(self, key: str, value: str) -> None:
        self._set_tag(self._prefix + key, value)


def _read_records(tags: Mapping[str, str], kind: str) -> Iterator[Record]:
    for key, value in tags.items():
        found, number, version = (*key.split("."), "", "")[:3]
        at, _, by = value.partition(" ")
        time = _parse_time(at)
        is_version = version == NONE or version.isdecimal()
        if found == kind and number.isdecimal() and is_version and time:
            yield Record(int(number), None if version == NONE else int(version), time, by)


def _read_unknown(tags: Mapping[str, str]) -> Iterator[tuple[datetime, datetime]]:
    for key, value in tags.items():
        kind, _, begin = key.partition(".")
        times = _parse_time(begin), _parse_time(value)
        if kind == "unknown" and times[0] and times[1]:
            yield times[0], times[1]


def _order(record: Record) -> tuple[int, datetime]:
    return record.number, record.at


def _format(time: datetime) -> str:
    # UTC: a tag's key may have no plus sign
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def _parse_time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo and time.year >= FIRST_YEAR else None
    except (ValueError, OverflowError):
        return None
