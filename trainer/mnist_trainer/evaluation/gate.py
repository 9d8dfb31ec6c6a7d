"""Decides whether a candidate takes the place of the version in service."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHANCE = 0.05  # a candidate that is worse is let through unless luck explains it less often
PASSED = "passed"

Answers = NDArray[np.bool_]


@dataclass(frozen=True)
class Verdict:
    """Whether the candidate goes live, and ``reason``: "passed", or why it does not."""

    promoted: bool
    reason: str


def decide(candidate: Answers, in_service: Answers | None, floor: float) -> Verdict:
    """Judge by which test images each recognises, bool [n] in the same order.

    ``in_service`` is None where there is nothing to compare with; then the ``floor``, a share of
    the images from 0 to 1, decides alone. Against a version in service an exact one-sided McNemar
    test: of the images on which just one of the two is right, both should be right about half.
    Two honest trainings of one recipe differ by a few images, and that must not decide.
    """
    accuracy = float(candidate.mean())
    if accuracy < floor:
        return Verdict(
            False,
            f"below the floor: {accuracy:.4f} of the test images, not {floor:g}; the option "
            "--floor of `train` sets another one",
        )
    if in_service is None:
        return Verdict(True, PASSED)
    won = int(np.sum(candidate & ~in_service))
    lost = int(np.sum(~candidate & in_service))
    luck = chance_of_losing(lost, won + lost)
    if luck < CHANCE:
        return Verdict(
            False,
            f"worse beyond chance: {lost} images lost and {won} won against the version in "
            f"service, p = {luck:.2g}",
        )
    return Verdict(True, PASSED)


def chance_of_losing(lost: int, differing: int) -> float:
    """Return how likely two equal networks differ so that one loses ``lost`` or more."""
    # scipy ships no types, and takes a second to import that only a training needs
    from scipy.stats import binomtest  # type: ignore[import-untyped]

    return float(binomtest(lost, differing, 0.5, "greater").pvalue) if differing else 1.0
