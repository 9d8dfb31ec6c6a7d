"""A candidate against the champion: on which images they differ, and McNemar's test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.evaluation.metrics import Correct


@dataclass(frozen=True)
class Comparison:
    """The test images on which two models differ, as indices.

    ``lost``: the champion is correct and the candidate is not; ``won``: the other way round.
    """

    lost: NDArray[np.int64]
    won: NDArray[np.int64]

    @property
    def one_sided_p_value(self) -> float:
        """The gate's one-sided p-value: equal models lose so many or more with this probability."""
        return one_sided_p_value(len(self.lost), len(self.lost) + len(self.won))

    @property
    def p_value(self) -> float:
        """The two-sided p-value of the exact McNemar test."""
        larger = max(len(self.lost), len(self.won))
        return min(1.0, 2 * one_sided_p_value(larger, len(self.lost) + len(self.won)))


def compare(candidate: Correct, champion: Correct) -> Comparison:
    """Compare two models by their correct predictions on the same images, bool [n]."""
    return Comparison(
        lost=np.flatnonzero(~candidate & champion), won=np.flatnonzero(candidate & ~champion)
    )


def one_sided_p_value(lost: int, differing: int) -> float:
    """Return the probability that of ``differing`` images an equal model loses ``lost`` or more."""
    return float(binomtest(lost, differing, 0.5, "greater").pvalue) if differing else 1.0
