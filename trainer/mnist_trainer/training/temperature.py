"""One number that makes a network as sure as it is right, chosen on validation images.

Temperature scaling, after Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural
networks" (2017). Smoothed labels teach a network to say 95 % where it is right 99.9 % of the time.
"""

import keras  # type: ignore[import-untyped]  # ships no types
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


def apply_temperature(model: keras.Sequential, temperature: float) -> None:
    """Divide the logits of a model, whose last layer is its softmax, by ``temperature``.

    The class with the largest probability stays the same.
    """
    *_, last, softmax = model.layers
    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.linear:
        for weight in last.weights:
            weight.assign(weight / temperature)
    else:  # a layer whose output is not proportional to its weights
        model.pop()
        model.add(keras.layers.Rescaling(1 / temperature, name="temperature"))
        model.add(softmax)


def _loss(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the mean negative log-likelihood, in nats."""
    moved = logits - logits.max(axis=1, keepdims=True)
    given = moved[np.arange(len(truth)), truth] - np.log(np.exp(moved).sum(axis=1))
    return -float(given.mean())
