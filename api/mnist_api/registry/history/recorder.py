"""The history of the alias: which version was desired and active since when, and who moved it.

It stands in tags of the registered model, which docs/architecture.md lists. All workers and the
trainer write it: a record's key holds its number and its version, so that all who see one move
write the same tag.
"""

import logging
import mmap
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mnist_api.model.active import LoadedModel
from mnist_api.model.version import Version
from mnist_api.registry.history.tags import NONE, Record, Tags, describe_move, format_time, make_key
from mnist_api.registry.mlflow_client import NotFoundError, Registry, RegistryError

PAUSE = timedelta(seconds=10)  # between two looks at what is recorded, unless there is news
LONGEST = timedelta(seconds=30)  # without a look; after more time the state was unknown
NEVER = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger(__name__)


class State(NamedTuple):
    """The ids of the desired and the active version, or NONE."""

    desired: str
    active: str


class History:
    """Records what the poller of this worker sees, unless another one has recorded it.

    Created before the workers fork: without news one of them looks for all.
    """

    def __init__(self, registry: Registry, alias: str, poll_seconds: float) -> None:
        self._registry = registry
        self._prefix = f"history.{alias}."
        self._valid = max(LONGEST, timedelta(seconds=3 * poll_seconds))
        self._state = State(NONE, NONE)  # that was recorded
        shared = memoryview(mmap.mmap(-1, 16)).cast("d")
        self._next = shared[:1]  # when the next look is due, on the monotonic clock
        self._looked = shared[1:]  # the timestamp of the last look without an error
        self._failures = 0  # in a row

    def look(self, desired: Version | None, loaded: LoadedModel | None) -> None:
        """Record what is new. After an error it is tried again, and the second is logged."""
        state = State(desired.id if desired else NONE, loaded.version.id if loaded else NONE)
        if time.monotonic() < self._next[0] and (state == self._state or self._failures > 1):
            return
        self._next[0] = time.monotonic() + PAUSE.total_seconds()
        now = datetime.now(UTC)
        try:
            self._record(desired, state.active, loaded.since if loaded else now, now)
        except NotFoundError:
            return  # no version has been registered yet
        except Exception as error:  # whatever it is, the desired version is to be activated
            self._failures += 1
            if self._failures == 2:  # if the registry is away, the poller says so after the first
                trace = not isinstance(error, RegistryError)
                log.warning("The history is not recorded: %s.", error, exc_info=trace)
        else:
            self._state, self._failures = state, 0
            self._looked[0] = now.timestamp()

    def _record(self, desired: Version | None, active: str, since: datetime, now: datetime) -> None:
        model = self._registry.read_model()
        if desired is None or model.aliased != desired.id:  # none has the alias, or it has moved
            desired = self._registry.find()  # after the tags have been read
        state = State(model.aliased or (desired.id if desired else NONE), active)
        accuracy = desired.test_accuracy if desired and desired.id == state.desired else None
        tags = Tags(model.tags, self._prefix)
        seen, new = tags.read_seen(), _find_new(tags, state, accuracy, since, now)
        since_look = timedelta(seconds=now.timestamp() - self._looked[0])
        if seen and seen.until < now and not _is_within(self._valid, since_look):
            self._set(f"unknown.{format_time(seen.at)}", format_time(now))
            seen = None
        if "moving" in new:  # who reads between "seen" and the record finds the same mover
            self._set("moving", new.pop("moving"))
        if new or seen is None or not _is_within(PAUSE, now - seen.at):
            self._set("seen", f"{format_time(now)} {format_time(now + self._valid)}")
        for key, value in new.items():  # after "seen": another gap does not begin before them
            self._set(key, value)

    def _set(self, key: str, value: str) -> None:
        self._registry.set_tag(self._prefix + key, value)


def _find_new(
    tags: Tags, state: State, accuracy: float | None, since: datetime, now: datetime
) -> dict[str, str]:
    """Return the tags that are missing for ``state``, which is active ``since``.

    ``accuracy`` is that of the desired version.

    The record of an active version has the number of the move that made it desired, so each move
    has one, and a worker that is behind adds nothing.
    """
    new = {}
    desired, active = tags.read_records("desired"), tags.read_records("active")
    last = desired[-1] if desired else Record(0, now, NONE)
    if state.desired != last.version:
        key = make_key("desired", last.number + 1, state.desired)
        mover = tags.find_mover(key)
        by = mover or ("hand" if desired else "start")
        desired.append(Record(last.number + 1, now, state.desired))
        if mover:
            new["moving"] = f"{format_time(now)} {key} {mover}"
        new[key] = describe_move(now, by, accuracy)
    if state.active != NONE:
        unnamed = Record(0, NEVER, state.active)  # if no move is known that made it desired
        move = next((one for one in reversed(desired) if one.version == state.active), unnamed)
        if not active or active[-1][:2] < move[:2]:
            key = make_key("active", move.number, state.active)
            new[key] = format_time(max(since, move.at))
    return new


def _is_within(limit: timedelta, time: timedelta) -> bool:
    return timedelta() <= time < limit
