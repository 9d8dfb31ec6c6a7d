"""What a training has to show: the arrays and settings its figures, report and card are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import Digits
from mnist_trainer.evaluation.metrics import Figures, Probabilities, judge
from mnist_trainer.training.history import EpochMetrics


@dataclass(frozen=True)
class InService:
    """The version in service at the time, and its probabilities for the same test images."""

    number: int
    probabilities: Probabilities  # [n, 10]


@dataclass(frozen=True)
class Results:
    """One training and its test.

    ``kernel`` is the first layer's, float [784, units], None where it has no such weights; ``settings`` are what the run was told, as
    they are logged, the data's name and SHA-256 (`dataset`, `dataset_sha256`) among them.
    """

    history: Sequence[EpochMetrics]
    test: Digits
    probabilities: Probabilities  # [n, 10]
    kernel: NDArray[np.float32] | None
    settings: Mapping[str, Any]
    in_service: InService | None

    @cached_property
    def figures(self) -> Figures:
        """The figures on the test images."""
        return judge(self.probabilities, self.test)

    @cached_property
    def guessed(self) -> NDArray[np.int64]:
        """What the network says of each test image, int [n]."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def mistakes(self) -> NDArray[np.int64]:
        """Which test images it gets wrong, the worst first: least probability for the truth."""
        wrong = np.flatnonzero(~self.figures.right)
        given = self.probabilities[wrong, self.test.labels[wrong]]
        return wrong[np.argsort(given, kind="stable")]
