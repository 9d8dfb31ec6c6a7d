"""The gate: decides whether a candidate is promoted over the champion."""

from dataclasses import dataclass

from mnist_trainer.evaluation.comparison import Comparison, compare
from mnist_trainer.evaluation.metrics import Correct

SIGNIFICANCE = 0.05  # a candidate with a smaller p-value is worse beyond chance
BEST_SIGNIFICANCE = 0.01  # smaller, since the best version of many has had luck with its images
PASSED = "passed"


@dataclass(frozen=True)
class Decision:
    """Whether the candidate is promoted; ``reason`` is "passed", or why it is not.

    ``replaced_by`` is the version that replaced it at once, None where none did.
    """

    promoted: bool
    reason: str
    replaced_by: int | None = None


def decide(candidate: Correct, champion: Correct | None, floor: float) -> Decision:
    """Decide by the correct predictions of both on the same test images, bool [n].

    The accuracy of the candidate must reach ``floor``, 0 to 1. Against a champion, None where there
    is none, it must not be worse beyond chance: an exact one-sided McNemar test, because two
    trainings of one recipe differ by a few images.
    """
    accuracy = float(candidate.mean())
    if accuracy < floor:
        return Decision(
            False,
            f"below the floor: {accuracy:.4f} of the test images, not {floor:g}; the option "
            "--floor of `train` sets another one",
        )
    if champion is None:
        return Decision(True, PASSED)
    found = compare(candidate, champion)
    if found.one_sided_p_value < SIGNIFICANCE:
        return Decision(
            False,
            f"worse beyond chance: {_describe(found, 'the champion')}",
        )
    return Decision(True, PASSED)


def decide_against_best(candidate: Correct, best: Correct, number: int) -> Decision:
    """Decide by the correct predictions of the best version that was promoted, bool [n].

    Each of many small losses against the champion may be chance; this one is their sum. ``number``
    is that of the best version.
    """
    found = compare(candidate, best)
    if found.one_sided_p_value < BEST_SIGNIFICANCE:
        return Decision(
            False,
            "worse than the best promoted version beyond chance: "
            f"{_describe(found, f'version {number}')}; the command `promote` promotes it anyway",
        )
    return Decision(True, PASSED)


def _describe(found: Comparison, opponent: str) -> str:
    return (
        f"{len(found.lost)} images lost and {len(found.won)} won against {opponent}, "
        f"p = {found.one_sided_p_value:.2g}"
    )
