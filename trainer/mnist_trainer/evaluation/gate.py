"""The gate: decides whether a candidate is promoted over the champion."""

from dataclasses import dataclass

from mnist_trainer.evaluation.comparison import compare
from mnist_trainer.evaluation.metrics import Correct

SIGNIFICANCE = 0.05  # a candidate with a smaller p-value is worse beyond chance
PASSED = "passed"


@dataclass(frozen=True)
class Decision:
    """Whether the candidate is promoted; ``reason`` is "passed", or why it is not."""

    promoted: bool
    reason: str


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
            f"worse beyond chance: {len(found.lost)} images lost and {len(found.won)} won against "
            f"the champion, p = {found.one_sided_p_value:.2g}",
        )
    return Decision(True, PASSED)
