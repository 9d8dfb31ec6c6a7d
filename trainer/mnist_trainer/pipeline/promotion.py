"""The last stage: the gate between a registered candidate and the champion."""

from dataclasses import dataclass

from mnist_trainer.console import print_line
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.gate import PASSED, Decision, decide, decide_against_best
from mnist_trainer.evaluation.metrics import Correct, Metrics
from mnist_trainer.pipeline.measurement import UnmeasuredError, measure, measure_best
from mnist_trainer.pipeline.overlap import list_past, settle
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import Version


@dataclass(frozen=True)
class Candidate:
    """A version that may be promoted; ``correct``: its correct test predictions, bool [n]."""

    version: Version
    correct: Correct


@dataclass(frozen=True)
class Champion:
    """The desired version, with which a candidate is compared.

    ``version`` is None where no version has the alias. ``metrics`` is None where the version cannot
    be run; ``note`` then says why the floor decides alone.
    """

    version: Version | None
    metrics: Metrics | None
    note: str = ""


def measure_champion(registry: Registry, test: LabelledImages) -> Champion:
    """Run the desired version on the test images; raises ServerError."""
    version = registry.desired_version()
    if version is None:
        print_line("Gate     there is no champion: the floor decides alone")
        return Champion(None, None)
    try:
        metrics = measure(registry, version, test)
    except UnmeasuredError as error:
        note = (
            f"the champion, version {version.number}, cannot be measured, "
            f"so the floor decides alone: {error}"
        )
        print_line(f"Gate     {note}")
        return Champion(version, None, note)
    print_line(
        f"Gate     the champion, version {version.number}, has accuracy {metrics.accuracy:.4f} "
        "on the same images"
    )
    return Champion(version, metrics)


def apply_gate(
    registry: Registry, candidate: Candidate, champion: Champion, test: LabelledImages, floor: float
) -> Decision:
    """Decide on the candidate, tag it with the decision and promote it where it passes.

    It is compared with the champion and with the best version that was promoted on the same images.
    Where the alias has moved from ``champion`` meanwhile, the candidate is compared with the new
    champion. Raises ServerError; the alias moves last, or again after promotions that overlap.
    """
    while True:
        correct = champion.metrics.correct if champion.metrics else None
        decision = decide(candidate.correct, correct, floor)
        desired = registry.desired_version()
        is_champion = _number(desired) == _number(champion.version)
        if decision.promoted and is_champion:
            decision = _compare_with_best(registry, candidate, champion, test)
        registry.set_tag(candidate.version, "gate", decision.reason)
        if not decision.promoted or _number(desired) == candidate.version.number:
            return decision  # in the second case it was promoted by hand meanwhile
        if is_champion:
            promoted = _promote(registry, candidate.version, champion, test)
            if promoted:
                return promoted
        print_line("Gate     the alias has moved meanwhile; comparing with the new champion")
        champion = measure_champion(registry, test)


def _compare_with_best(
    registry: Registry, candidate: Candidate, champion: Champion, test: LabelledImages
) -> Decision:
    compared = {champion.version.number} if champion.version and champion.metrics else set()
    best = measure_best(registry, compared, test, float(candidate.correct.mean()))
    if best is None:
        return Decision(True, PASSED)
    version, correct = best
    return decide_against_best(candidate.correct, correct, version.number)


def _promote(
    registry: Registry, version: Version, champion: Champion, test: LabelledImages
) -> Decision | None:
    """Promote ``version``; None where the alias is not the champion's any more."""
    past = list_past(registry.versions())
    if champion.note:
        registry.set_tag(version, "gate_note", champion.note)
    if not registry.promote(version, over=champion.version, by_hand=False):
        return None
    return settle(registry, version, champion.version, past, test)


def _number(version: Version | None) -> int | None:
    return version.number if version else None
