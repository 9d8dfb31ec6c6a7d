"""Loss, accuracy, confusion matrix, precision and recall."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.signature import CLASSES

Probabilities = NDArray[np.float32]  # [n, 10]
Correct = NDArray[np.bool_]  # [n]: which images are classified correctly


@dataclass(frozen=True)
class Metrics:
    """Metrics of a model on labelled images.

    ``loss`` is the mean cross-entropy in nats; ``predicted`` is int [n], ``correct`` bool [n];
    ``confusion[t, p]`` counts the images of class t that were classified as p, int [10, 10].
    """

    loss: float
    accuracy: float
    predicted: NDArray[np.int64]
    correct: Correct
    confusion: NDArray[np.int64]

    def per_class(self) -> list[tuple[float, float]]:
        """Return (precision, recall) of each class, 0 where the denominator is 0."""
        hits = self.confusion.diagonal()
        predicted, present = self.confusion.sum(axis=0), self.confusion.sum(axis=1)
        precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(present, 1)
        return [(float(p), float(r)) for p, r in zip(precision, recall, strict=True)]


def evaluate(model: Any, images: LabelledImages) -> Metrics:
    """Return the metrics of a Keras model."""
    return compute_metrics(predict(model, images.pixels()), images)


def predict(model: Any, pixels: NDArray[np.float32]) -> Probabilities:
    """Return a Keras model's probabilities [n, 10] for ``pixels`` [n, 784], 0 to 1."""
    return np.asarray(model(pixels, training=False), np.float32)


def compute_metrics(probabilities: Probabilities, images: LabelledImages) -> Metrics:
    """Return the metrics of ``probabilities`` [n, 10] that were predicted for ``images``."""
    truth = images.labels.astype(np.int64)
    predicted = probabilities.argmax(axis=1)
    given = probabilities[np.arange(len(truth)), truth]
    correct = predicted == truth
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(confusion, (truth, predicted), 1)
    return Metrics(
        loss=float(-np.log(np.maximum(given, 1e-12)).mean()),
        accuracy=float(correct.mean()),
        predicted=predicted,
        correct=correct,
        confusion=confusion,
    )
