"""The history of the alias: which version was desired and active since when, and who moved it.

It stands in tags of the registered model, which docs/architecture.md lists. All workers and the
trainer write it: a record's key holds its number and its version, so that all who see one move
write the same tag.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mnist_api.model.active import LoadedModel
from mnist_api.model.version import Version
from mnist_api.registry.mlflow_client import NotFoundError, Registry, RegistryError

PAUSE = timedelta(seconds=10)  # between two looks at what is recorded, unless there is news
LONGEST = timedelta(seconds=30)  # without a look; after more time the state was unknown
MOVE = timedelta(seconds=60)  # at most from a tag "moving" to the move of the alias
NONE = "none"  # in place of a version
FIRST_YEAR = 1971  # of a time that is valid in every time zone

log = logging.getLogger(__name__)


class State(NamedTuple):
    """The ids of the desired and the active version, or NONE."""

    desired: str
    active: str


class History:
    """Records what the poller of this worker sees, unless another one has recorded it."""

    def __init__(self, registry: Registry, alias: str, poll_seconds: float) -> None:
        self._registry = registry
        self._prefix = f"history.{alias}."
        self._valid = max(LONGEST, timedelta(seconds=3 * poll_seconds))
        self._state = State(NONE, NONE)  # that was recorded
        self._next = datetime.min.replace(tzinfo=UTC)
        self._failures = 0  # in a row

    def look(self, desired: Version | None, loaded: LoadedModel | None) -> None:
        """Record what is new. After an error it is tried again, and the second is logged."""
        now = datetime.now(UTC)
        active = loaded.version.id if loaded else NONE
        state = State(desired.id if desired else NONE, active)
        if now < self._next and (state == self._state or self._failures):
            return
        self._next = now + PAUSE
        try:
            self._record(state, loaded.since if loaded else now, now)
        except NotFoundError:
            return  # no version has been registered yet
        except RegistryError as error:
            self._failures += 1
            if self._failures == 2:  # if the registry is away, the poller says so after the first
                log.warning("The history is not recorded: %s.", error)
        else:
            self._state, self._failures = state, 0

    def _record(self, state: State, since: datetime, now: datetime) -> None:
        records = _Records(self._registry.tags(), self._prefix)
        seen, until = records.seen()
        new = {}
        if seen is not None and until < now:
            new[f"unknown.{format_time(seen)}"] = format_time(now)
        number, last = records.last("desired")
        if state.desired != last:
            by = records.find_mover(state.desired, now) or ("hand" if number else "start")
            new[f"desired.{number + 1:04}.{state.desired}"] = f"{format_time(now)} {by}"
        number, last = records.last("active")
        if state.active not in (NONE, self._state.active, last):
            new[f"active.{number + 1:04}.{state.active}"] = format_time(since)
        if new or seen is None or now - seen >= PAUSE:
            new["seen"] = f"{format_time(now)} {format_time(now + self._valid)}"
        for key, value in new.items():
            self._registry.set_tag(self._prefix + key, value)


class _Records:
    """The tags of one alias, without the prefix; what is malformed is skipped."""

    def __init__(self, tags: Mapping[str, str], prefix: str) -> None:
        self._tags = {
            key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)
        }

    def seen(self) -> tuple[datetime | None, datetime]:
        """Return when somebody last looked, None if nobody has, and until when that holds."""
        at, _, until = self._tags.get("seen", "").partition(" ")
        seen = _parse_time(at)
        return seen, _parse_time(until) or seen or datetime.now(UTC)

    def last(self, kind: str) -> tuple[int, str]:
        """Return number and version of the last record of a kind; 0 and NONE if there is none."""
        keys = [key.split(".") for key in self._tags]
        found = [
            (int(key[1]), key[2])
            for key in keys
            if len(key) == 3 and key[0] == kind and key[1].isdecimal()
        ]
        return max(found, default=(0, NONE))

    def find_mover(self, version: str, now: datetime) -> str | None:
        """Return the command that is moving the alias to ``version``, None if there is none."""
        at, number, by = (*self._tags.get("moving", "").split(" "), "", "", "")[:3]
        begin = _parse_time(at)
        is_recent = begin is not None and now - begin < MOVE
        return by if is_recent and number == version and by else None


def format_time(time: datetime) -> str:
    """Return ``time`` in UTC, to the millisecond; a tag's key may have no plus sign."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def _parse_time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo and time.year >= FIRST_YEAR else None
    except (ValueError, OverflowError):
        return None
