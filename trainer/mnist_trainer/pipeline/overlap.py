"""Promotions that overlap: of two that replace the same champion the later is judged again.

MLflow cannot compare and set. So a promotion sets its tags, reads the alias, moves it, and then
reads the tags of all. Who still reads the old champion has set its tags before the alias moves from
it; so each of two that replace one champion sees the other. Both then compute the same winner from
the same tags and files, and whichever moves the alias last has seen all of them.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from mnist_trainer.console import print_line
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.gate import PASSED, Decision, decide
from mnist_trainer.evaluation.metrics import Correct
from mnist_trainer.pipeline.measurement import UnmeasuredError, measure
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import Version

# Seconds. A promotion that began earlier and has not ended was interrupted; if it goes on all the
# same, it sees the others itself.
LONGEST = 60

Past = frozenset[tuple[int, float]]


def list_past(versions: Iterable[Version]) -> Past:
    """Return the promotions that are over: number of the version, and when it was promoted."""
    oldest = time.time() - LONGEST
    return frozenset(
        (each.number, each.promoted_at)
        for each in versions
        if not each.is_promotion_begun or each.promoted_at < oldest
    )


def settle(
    registry: Registry,
    candidate: Version,
    champion: Version | None,
    past: Past,
    test: LabelledImages,
) -> Decision:
    """End the promotion of ``candidate`` over ``champion``, after the alias has moved.

    ``past`` are the promotions that were over before this one began. Raises ServerError.
    """
    base = str(champion.number) if champion else "none"
    measured: dict[int, Correct | None] = {}
    while True:
        rivals = _find_rivals(registry, base, past)
        for each in rivals:
            if len(rivals) > 1 and each.number not in measured:
                print_line(
                    f"Gate     version {each.number} is promoted at the same time; comparing"
                )
                measured[each.number] = _measure(registry, each, test)
        chain, reasons = _judge(rivals, measured)
        desired = registry.desired_version()
        number = desired.number if desired else None
        if number not in {each.number for each in rivals}:
            break  # a person has moved the alias meanwhile
        if number == chain[-1].number:
            break
        registry.move_alias(chain[-1], partial(registry.is_desired, number))
    if reason := reasons.get(candidate.number):
        registry.set_tag(candidate, "gate", reason)
        registry.withdraw_promotion(candidate)
        return Decision(False, reason)
    numbers = [champion.number if champion else None, *(each.number for each in chain)]
    position = numbers.index(candidate.number) if candidate.number in numbers else 1
    registry.end_promotion(candidate, over=numbers[position - 1])
    return Decision(True, PASSED, number if number != candidate.number else None)


def _find_rivals(registry: Registry, base: str, past: Past) -> list[Version]:
    """Return the versions that are promoted over the same champion, the candidate among them."""
    found = [
        each
        for each in registry.versions()
        if each.tags.get("promotion_base") == base
        and "rolled_back_at" not in each.tags
        and (each.number, each.promoted_at) not in past
    ]
    return sorted(found, key=lambda each: (each.promoted_at, each.number))


def _measure(registry: Registry, version: Version, test: LabelledImages) -> Correct | None:
    try:
        return measure(registry, version, test).correct
    except UnmeasuredError:
        return None


def _judge(
    rivals: Sequence[Version], measured: Mapping[int, Correct | None]
) -> tuple[list[Version], dict[int, str]]:
    """Return the versions that replace each other in turn, and why the others do not.

    The result does not change when a version that is rejected withdraws.
    """
    chain, reasons = [*rivals[:1]], {}
    for each in rivals[1:]:
        correct = measured[each.number]
        if correct is not None and not each.is_promoted_by_hand:
            decision = decide(correct, measured[chain[-1].number], floor=0.0)
            if not decision.promoted:
                reasons[each.number] = (
                    f"{decision.reason}, version {chain[-1].number}, promoted at the same time"
                )
                continue
        chain.append(each)
    return chain, reasons
