"""One number that makes a network as sure as it is right, chosen on validation images.

Temperature scaling, after Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural
networks" (2017). Smoothed labels teach a network to say 95 % where it is right 99.9 % of the time.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import Digits
from mnist_trainer.evaluation.metrics import Probabilities

RANGE = 0.25, 4.0  # a few images, all of them recognised, would ask for certainty


def choose_temperature(probabilities: Probabilities, digits: Digits) -> float:
    """Return what to divide the logits by so that the loss on ``digits`` is least, 0.25 to 4.

    ``probabilities`` [n, 10] are what the network says of them.
    """
    # scipy ships no types, and takes a second to import that only a training needs
    from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]

    # Logits but for a constant an image, which no softmax sees
    logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny), dtype=np.float64)
    truth = digits.labels.astype(np.int64)
    low, high = np.log(RANGE)
    found = minimize_scalar(
        lambda log: _loss(logits / np.exp(log), truth), bounds=(low, high), method="bounded"
    )
    return float(np.exp(found.x))


def fold(network: Any, temperature: float) -> None:
    """Divide the logits of a Keras network by ``temperature``, in its last layer's weights.

    The class it names stays the same, and so does its form.
    """
    last = network.layers[-1]
    for weight in (last.kernel, last.bias):
        weight.assign(weight / temperature)


def _loss(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the mean negative log-likelihood, in nats."""
    moved = logits - logits.max(axis=1, keepdims=True)
    given = moved[np.arange(len(truth)), truth] - np.log(np.exp(moved).sum(axis=1))
    return -float(given.mean())
