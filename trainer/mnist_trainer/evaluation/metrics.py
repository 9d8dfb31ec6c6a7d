"""Figures of a network on digits it was not trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import Digits
from mnist_trainer.signature import CLASSES

Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Figures:
    """How well a network does on some digits.

    ``right`` says of each digit whether it was recognised, bool [n]; ``confusion[t, p]`` counts
    the digits ``t`` taken for ``p``, int [10, 10].
    """

    loss: float
    accuracy: float
    right: NDArray[np.bool_]
    confusion: NDArray[np.int64]

    def per_digit(self) -> list[tuple[float, float]]:
        """Return (precision, recall) of each digit, 0 where there was nothing to count."""
        hits = self.confusion.diagonal()
        guessed, present = self.confusion.sum(axis=0), self.confusion.sum(axis=1)
        precision, recall = hits / np.maximum(guessed, 1), hits / np.maximum(present, 1)
        return [(float(p), float(r)) for p, r in zip(precision, recall, strict=True)]


def measure(network: Any, digits: Digits) -> Figures:
    """Return the figures of a Keras network."""
    return judge(predict(network, digits.pixels()), digits)


def predict(network: Any, pixels: NDArray[np.float32]) -> Probabilities:
    """Return what a Keras network says of ``pixels`` [n, 784], 0 to 1: probabilities [n, 10]."""
    return np.asarray(network(pixels, training=False), np.float32)


def judge(probabilities: Probabilities, digits: Digits) -> Figures:
    """Return the figures of ``probabilities`` [n, 10] given for ``digits``; the loss in nats."""
    truth = digits.labels.astype(np.int64)
    guessed = probabilities.argmax(axis=1)
    given = probabilities[np.arange(len(truth)), truth]
    right = guessed == truth
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(confusion, (truth, guessed), 1)
    return Figures(
        loss=float(-np.log(np.maximum(given, 1e-12)).mean()),
        accuracy=float(right.mean()),
        right=right,
        confusion=confusion,
    )
