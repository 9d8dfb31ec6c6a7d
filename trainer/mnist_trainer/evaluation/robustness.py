"""Robustness: the accuracy on test images that are rotated, thinned, shifted or corrupted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.corruptions import CORRUPTIONS, corrupt
from mnist_trainer.evaluation.metrics import Probabilities, compute_metrics
from mnist_trainer.signature import SIDE

ANGLE, SHIFT = 30, 4  # degrees, pixels
MOST_CORRUPTED = 2500  # test images: 10,000 would add five seconds to a training
MEAN = "corrupted"  # the name of the mean over all corruptions

Pixels = NDArray[np.float32]
Predict = Callable[[Pixels], Probabilities]


@dataclass(frozen=True)
class PerturbedAccuracy:
    """The accuracy, 0 to 1, after one change to every test image."""

    name: str  # part of a metric's name: letters and _
    change: str
    accuracy: float


def measure_robustness(predict: Predict, test: LabelledImages) -> list[PerturbedAccuracy]:
    """Return the accuracy on ``test`` after each change; ``predict`` takes float32 [n, 784]."""
    pixels = test.pixels()

    def accuracy(*changed: Pixels) -> float:
        shares = [compute_metrics(predict(each), test).accuracy for each in changed]
        return sum(shares) / len(shares)

    moves = ((0, SHIFT), (0, -SHIFT), (SHIFT, 0), (-SHIFT, 0))
    return [
        PerturbedAccuracy(
            "turned_left", f"rotated {ANGLE}° to the left", accuracy(rotate(pixels, -ANGLE))
        ),
        PerturbedAccuracy(
            "turned_right", f"rotated {ANGLE}° to the right", accuracy(rotate(pixels, ANGLE))
        ),
        PerturbedAccuracy(
            "thin", "thin: one pixel taken off every bright edge", accuracy(thin(pixels))
        ),
        PerturbedAccuracy(
            "off_centre",
            f"off centre by {SHIFT} pixels, the mean of the four directions",
            accuracy(*(shift(pixels, right, down) for right, down in moves)),
        ),
    ]


def measure_corruptions(predict: Predict, test: LabelledImages) -> list[PerturbedAccuracy]:
    """Return the accuracy after each corruption of MNIST-C, then their mean.

    Measured on at most 2,500 images, evenly spread over ``test``; those and the corruptions are the
    same for each model.
    """
    step = -(-len(test) // MOST_CORRUPTED)
    chosen = LabelledImages(test.images[::step], test.labels[::step])
    pixels = chosen.pixels()
    images = pixels.reshape(-1, SIDE, SIDE)
    measured = []
    for name in CORRUPTIONS:
        probabilities = predict(corrupt(images, name).reshape(pixels.shape))
        accuracy = compute_metrics(probabilities, chosen).accuracy
        measured.append(PerturbedAccuracy(name, name.replace("_", " "), accuracy))
    mean = sum(each.accuracy for each in measured) / len(measured)
    return [*measured, PerturbedAccuracy(MEAN, f"mean of the {len(measured)} corruptions", mean)]


def rotate(pixels: Pixels, degrees: float) -> Pixels:
    """Rotate clockwise about the centre, sampling bilinearly; float32 [n, 784], 0 to 1."""
    options = {"axes": (1, 2), "reshape": False, "order": 1, "mode": "grid-constant"}
    return _change(pixels, ndimage.rotate, -degrees, **options)


def thin(pixels: Pixels) -> Pixels:
    """Erode: each pixel becomes the darkest of itself and its four neighbours."""
    cross = ndimage.generate_binary_structure(2, 1)[np.newaxis]
    return _change(pixels, ndimage.grey_erosion, footprint=cross, mode="constant")


def shift(pixels: Pixels, right: int, down: int) -> Pixels:
    """Move to the right and down by whole pixels; what leaves the image is cut off."""
    return _change(pixels, ndimage.shift, (0, down, right), order=0)


def _change(pixels: Pixels, change: Callable[..., Any], *args: Any, **options: Any) -> Pixels:
    images = pixels.reshape(-1, SIDE, SIDE)
    return np.asarray(change(images, *args, **options), np.float32).reshape(pixels.shape)
