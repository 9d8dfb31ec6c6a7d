"""The gate: decides whether a candidate is promoted over the champion."""

from dataclasses import dataclass

import numpy as np

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
    won = int(np.sum(candidate & ~champion))
    lost = int(np.sum(~candidate & champion))
    p_value = one_sided_p_value(lost, won + lost)
    if p_value < SIGNIFICANCE:
        return Decision(
            False,
            f"worse beyond chance: {lost} images lost and {won} won against the "
            f"champion, p = {p_value:.2g}",
        )
    return Decision(True, PASSED)


def one_sided_p_value(lost: int, differing: int) -> float:
    """Return the probability that of ``differing`` images an equal model loses ``lost`` or more."""
    # scipy ships no types, and takes a second to import that only a training needs
    from scipy.stats import binomtest  # type: ignore[import-untyped]

    return float(binomtest(lost, differing, 0.5, "greater").pvalue) if differing else 1.0
