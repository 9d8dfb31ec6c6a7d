"""Whether a network is right as often as it says: confidence against accuracy, in bins.

After Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (2017).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.evaluation.gate import Answers
from mnist_trainer.evaluation.metrics import Probabilities

BINS = 15  # as in the paper


@dataclass(frozen=True)
class Reliability:
    """The images in bins of equal width by confidence, the probability of what is said.

    For the bins that hold an image: how many, int [b]; their mean confidence and their accuracy,
    float [b], 0 to 1.
    """

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def error(self) -> float:
        """The expected calibration error: the mean over images of |accuracy - confidence|."""
        apart = np.abs(self.accuracy - self.confidence)
        return float(np.average(apart, weights=self.counts))

    def margins(self) -> NDArray[np.float64]:
        """Return how far below and above the accuracy chance may reach, float [2, b].

        The bounds are Wilson's (1927) at 95 %.
        """
        z = 1.96
        middle = (self.accuracy + z**2 / (2 * self.counts)) / (1 + z**2 / self.counts)
        spread = self.accuracy * (1 - self.accuracy) / self.counts + (z / (2 * self.counts)) ** 2
        reach = z * np.sqrt(spread) / (1 + z**2 / self.counts)
        below, above = self.accuracy - (middle - reach), middle + reach - self.accuracy
        return np.maximum([below, above], 0)


def weigh(probabilities: Probabilities, right: Answers) -> Reliability:
    """Sort images by ``probabilities`` [n, 10] into bins; ``right`` [n]: which are recognised."""
    sure = probabilities.max(axis=1).astype(np.float64)
    place = np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1)  # ]lower, upper]
    counts = np.bincount(place, minlength=BINS)
    held = counts > 0
    return Reliability(
        counts=counts[held],
        confidence=np.bincount(place, sure, BINS)[held] / counts[held],
        accuracy=np.bincount(place, right, BINS)[held] / counts[held],
    )
