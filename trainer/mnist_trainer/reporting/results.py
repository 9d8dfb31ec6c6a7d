"""Results of a training: the input of plots, HTML report and model card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.calibration import ReliabilityBins, reliability_bins
from mnist_trainer.evaluation.comparison import Comparison
from mnist_trainer.evaluation.metrics import Metrics, Probabilities, compute_metrics
from mnist_trainer.training.history import EpochMetrics


@dataclass(frozen=True)
class ChampionResults:
    """The champion's version, its metrics on the same test images, and how the model compares."""

    number: int
    metrics: Metrics
    comparison: Comparison


@dataclass(frozen=True)
class Results:
    """One training and its test.

    ``kernel`` is the first layer's, float [784, units], None where it has no such weights;
    ``params`` are the run's, the data set's name and SHA-256 (`dataset`, `dataset_sha256`)
    among them; ``champion`` is None where there is none to compare with.
    """

    history: Sequence[EpochMetrics]
    test: LabelledImages
    probabilities: Probabilities  # [n, 10]
    kernel: NDArray[np.float32] | None
    params: Mapping[str, Any]
    champion: ChampionResults | None
    unlike: float | None = None  # share of the test images with too low a digit score

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics on the test images."""
        return compute_metrics(self.probabilities, self.test)

    @cached_property
    def reliability(self) -> ReliabilityBins:
        """The test images in bins by their confidence."""
        return reliability_bins(self.probabilities, self.metrics.correct)

    @cached_property
    def mistakes(self) -> NDArray[np.int64]:
        """The misclassified test images, the smallest probability of the true class first."""
        wrong = np.flatnonzero(~self.metrics.correct)
        of_truth = self.probabilities[wrong, self.test.labels[wrong]]
        return wrong[np.argsort(of_truth, kind="stable")]
