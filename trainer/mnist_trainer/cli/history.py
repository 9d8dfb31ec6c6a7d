"""The text of `history`: which version was desired and active from when to when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mnist_trainer.tracking.history import History, Record
from mnist_trainer.tracking.registry import Registry

SHORTEST = timedelta(seconds=1)  # a move takes less: the alias is read, then set
MOVERS = {"hand": "by hand", "start": "before the history"}

Accuracies = dict[int | None, str]  # of versions


@dataclass(frozen=True)
class Period:
    """A time with one state, up to now where ``end`` is None; ``record`` is None if unknown."""

    begin: datetime
    end: datetime | None
    record: Record | None


def describe_history(registry: Registry) -> Iterator[str]:
    """Yield the lines: the desired versions, then the active ones. Raises ServerError."""
    history, now = registry.history(), datetime.now(UTC)
    if not history.desired:
        yield f"{registry.name} has no history yet; it begins when a version is promoted."
        return
    unrecorded = history.find_unrecorded(now)
    records = [*history.desired, unrecorded] if unrecorded else history.desired
    accuracies: Accuracies = {each.number: each.test_accuracy for each in registry.versions()}
    accuracies |= {each.version: each.accuracy for each in records if each.accuracy}
    yield f"Desired, by the alias {registry.alias}; times in {now.astimezone():%Z}"
    yield from _list(list_periods(records, history, now), accuracies)
    yield ""
    yield "Active, in the API"
    if history.active:
        yield from _list(list_periods(history.active, history, now), accuracies)
    else:
        yield "No API has reported an active version."


def list_periods(records: Sequence[Record], history: History, now: datetime) -> list[Period]:
    """Return the periods between ``records``, cut where nobody looked.

    Each record of another version has one that begins with it, so that who moved the alias is
    shown. A gap ends at the next record: who wrote that has looked.
    """
    gap = history.find_gap(now)
    gaps = [*history.unknown, gap] if gap else history.unknown
    periods: list[Period] = []
    changes = _skip_repeated(records)
    for record, after in zip(changes, [*changes[1:], None], strict=True):
        begin, end = record.at, after.at if after else None
        limit = end or now
        for first, last in gaps:
            if record.at <= first < limit and last > begin:
                if first > begin or begin == record.at:
                    periods.append(Period(begin, first, record))
                gap_begin, begin = max(first, begin), min(last, limit)
                periods.append(Period(gap_begin, begin, None))
        if end is None or begin == record.at or end - begin > SHORTEST:
            periods.append(Period(begin, end if end is None else max(begin, end), record))
    return periods


def _skip_repeated(records: Sequence[Record]) -> list[Record]:
    """Return ``records`` without those that repeat the version before."""
    return [
        each
        for index, each in enumerate(records)
        if index == 0 or each.version != records[index - 1].version
    ]


def _list(periods: Sequence[Period], accuracies: Accuracies) -> Iterator[str]:
    yield f"{'version':>7}  {'accuracy':>8}  {'from':19}  {'to':19}  moved by"
    for each in periods:
        record, accuracy = each.record, "-"
        name = "unknown" if record is None else str(record.version or "none")
        if record and record.version:
            accuracy = record.accuracy or accuracies.get(record.version, "-")
        by = _describe_mover(each)
        yield (
            f"{name:>7}  {accuracy:>8}  {_format(each.begin)}  {_format(each.end):19}  {by}"
        ).rstrip()


def _describe_mover(period: Period) -> str:
    if period.record is None:
        return "(nobody looked)"
    if period.begin > period.record.at:
        return "(as before)"
    return MOVERS.get(period.record.by, period.record.by)


def _format(time: datetime | None) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S") if time else "now"
