"""Writes the history of the alias: what the trainer moves, and what it sees before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mnist_trainer.tracking.history import History, Record

LONGEST = timedelta(seconds=30)  # without a look; after more time the state was unknown


class HistoryWriter:
    """Writes tags of the registered model with ``set_tag``, called with a key and a value.

    ``find_accuracy`` returns a version's accuracy as a record has it, "" without one.
    """

    def __init__(
        self, alias: str, set_tag: Callable[[str, str], None], find_accuracy: Callable[[int], str]
    ) -> None:
        self._prefix = f"history.{alias}."
        self._set_tag = set_tag
        self._find_accuracy = find_accuracy

    def begin_move(self, history: History, target: int, command: str) -> Callable[[bool], None]:
        """Say that ``command`` moves the alias; return what is to be told whether it has moved.

        If that is never called, the move is recorded as that of ``command`` by who sees it next.
        """
        now = datetime.now(UTC)
        if gap := history.find_gap(now):
            self._set(f"unknown.{_format(gap[0])}", _format(now))
            self._set_seen(history, now)
        last = history.find_unrecorded(now)
        if last:
            self._set_record(self._add_accuracy(last))
        elif history.desired:
            last = history.desired[-1]
        number = last.number + 1 if last else 1
        record = self._add_accuracy(Record(number, target, now, command))
        self._set("moving", f"{_format(now)} {record.key} {command}")

        def end(has_moved: bool) -> None:
            if not has_moved:
                self._set("moving", "")
                return
            moved = datetime.now(UTC)
            self._set_seen(history, moved)
            self._set_record(replace(record, at=moved))

        return end

    def _add_accuracy(self, record: Record) -> Record:
        if record.version is None:
            return record
        return replace(record, accuracy=self._find_accuracy(record.version))

    def _set_record(self, record: Record) -> None:
        words = (_format(record.at), record.by, record.accuracy)
        self._set(record.key, " ".join(words).rstrip())

    def _set_seen(self, history: History, now: datetime) -> None:
        """Write that somebody has looked, which the API may have seen for longer than LONGEST."""
        until = now + LONGEST
        if history.seen:
            seen, end = history.seen
            until = max(until, min(end, now + (end - seen)))  # the API's clock may be ahead
        self._set("seen", f"{_format(now)} {_format(until)}")

    def _set(self, key: str, value: str) -> None:
        self._set_tag(self._prefix + key, value)


def _format(time: datetime) -> str:
    # UTC: a tag's key may have no plus sign
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
