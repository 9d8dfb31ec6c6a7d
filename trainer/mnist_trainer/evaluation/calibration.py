"""Calibration: confidence against accuracy, in bins.

After Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (2017).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.evaluation.metrics import Correct, Probabilities

BINS = 15  # as in the paper


@dataclass(frozen=True)
class ReliabilityBins:
    """Images in bins of equal width by confidence, the largest probability.

    Of each bin that is not empty: the number of images, int [b]; their mean confidence and their
    accuracy, float [b], 0 to 1.
    """

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def calibration_error(self) -> float:
        """The expected calibration error: the mean over images of |accuracy - confidence|."""
        gap = np.abs(self.accuracy - self.confidence)
        return float(np.average(gap, weights=self.counts))

    def interval_margins(self) -> NDArray[np.float64]:
        """Return the distances from the accuracy to its 95 % interval, float [2, b]."""
        hits = np.rint(self.accuracy * self.counts).astype(int).tolist()
        intervals = map(wilson_interval, hits, self.counts.tolist())
        return np.abs(np.transpose(list(intervals)) - self.accuracy)


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's (1927) 95 % interval of the share ``hits`` / ``count``."""
    low, high = binomtest(hits, count).proportion_ci(0.95, "wilson")
    return float(low), float(high)


def reliability_bins(probabilities: Probabilities, correct: Correct) -> ReliabilityBins:
    """Sort images into bins by their ``probabilities`` [n, 10]."""
    largest = probabilities.max(axis=1).astype(np.float64)
    bins = np.clip(np.ceil(largest * BINS).astype(int) - 1, 0, BINS - 1)  # ]lower, upper]
    counts = np.bincount(bins, minlength=BINS)
    filled = counts > 0
    return ReliabilityBins(
        counts=counts[filled],
        confidence=np.bincount(bins, largest, BINS)[filled] / counts[filled],
        accuracy=np.bincount(bins, correct, BINS)[filled] / counts[filled],
    )
