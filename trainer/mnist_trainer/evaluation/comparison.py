"""A network against the version in service: which images changed, and whether luck explains it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.evaluation.gate import Answers, chance_of_losing


@dataclass(frozen=True)
class Comparison:
    """Where two networks differ, as indices of test images.

    ``lost`` were right with the version in service and are wrong now, ``won`` the other way round.
    """

    lost: NDArray[np.int64]
    won: NDArray[np.int64]

    @property
    def chance_of_worse(self) -> float:
        """The gate's p-value, one-sided: how likely two equal networks lose so many or more."""
        return chance_of_losing(len(self.lost), len(self.lost) + len(self.won))

    @property
    def p_value(self) -> float:
        """The exact McNemar test's p-value, two-sided: how likely equal networks are so uneven."""
        more = max(len(self.lost), len(self.won))
        return min(1.0, 2 * chance_of_losing(more, len(self.lost) + len(self.won)))


def compare(candidate: Answers, in_service: Answers) -> Comparison:
    """Compare two networks by which of the same images each recognises, bool [n]."""
    return Comparison(
        lost=np.flatnonzero(~candidate & in_service), won=np.flatnonzero(candidate & ~in_service)
    )
