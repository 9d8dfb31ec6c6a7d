"""The text of `history`: which version was desired and active from when to when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mnist_trainer.tracking.history import History, Record
from mnist_trainer.tracking.registry import Registry

SHORTEST = timedelta(seconds=1)  # a move takes less: the alias is read, then set
MOVERS = {"hand": "by hand", "start": "before the history"}


@dataclass(frozen=True)
class Period:
    """A time with one state, up to now where ``end`` is None; ``record`` is None if unknown."""

    begin: datetime
    end: datetime | None
    record: Record | None


def describe_history(registry: Registry) -> Iterator[str]:
    """Yield the lines: the desired versions, then the active ones. Raises ServerError."""
    history, desired = registry.history(), registry.desired_version()
    if not history.desired:
        yield f"{registry.name} has no history yet; it begins when a version is promoted."
        return
    now = datetime.now(UTC)
    current = desired.number if desired else None
    records = [*history.desired]
    if current != records[-1].version:  # it was moved, and nobody has recorded that yet
        records.append(Record(records[-1].number + 1, current, now, "hand"))
    accuracies = {each.number: each.tags.get("test_accuracy", "-") for each in registry.versions()}
    yield f"Desired, by the alias {registry.alias}"
    yield from _list(list_periods(records, history, now), accuracies)
    yield ""
    yield "Active, in the API"
    if history.active:
        yield from _list(list_periods(history.active, history, now), accuracies)
    else:
        yield "No API has reported an active version."


def list_periods(records: Sequence[Record], history: History, now: datetime) -> list[Period]:
    """Return the periods between ``records``, cut where nobody looked."""
    gaps = [*history.unknown]
    if history.seen and history.until and history.until < now:
        gaps.append((history.seen, now))
    periods: list[Period] = []
    changes = _skip_repeated(records)
    for record, after in zip(changes, [*changes[1:], None], strict=True):
        begin, end = record.at, after.at if after else None
        for gap_begin, gap_end in gaps:
            if gap_end <= begin or (end is not None and gap_begin >= end):
                continue
            if gap_begin > begin:
                periods.append(Period(begin, gap_begin, record))
            begin = gap_end if end is None else min(gap_end, end)
            periods.append(Period(max(gap_begin, record.at), begin, None))
        shortest = timedelta() if begin == record.at else SHORTEST
        if end is None or end - begin > shortest:
            periods.append(Period(begin, end, record))
    return periods


def _skip_repeated(records: Sequence[Record]) -> list[Record]:
    """Return ``records`` without those that repeat the version before."""
    return [
        each
        for index, each in enumerate(records)
        if index == 0 or each.version != records[index - 1].version
    ]


def _list(periods: Sequence[Period], accuracies: dict[int, str]) -> Iterator[str]:
    yield f"{'version':>7}  {'accuracy':>8}  {'from':19}  {'to':19}  moved by"
    for each in periods:
        version = each.record.version if each.record else None
        name = "unknown" if each.record is None else str(version or "none")
        accuracy = accuracies.get(version, "-") if version else "-"
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
