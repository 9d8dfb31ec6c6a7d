"""Robustness: the accuracy on test images that are rotated, thinned or shifted."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.metrics import Probabilities, compute_metrics
from mnist_trainer.signature import SIDE

ANGLE, SHIFT = 30, 4  # degrees, pixels

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


def rotate(pixels: Pixels, degrees: float) -> Pixels:
    """Rotate clockwise about the centre, sampling bilinearly; float32 [n, 784], 0 to 1."""
    images = np.pad(pixels.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    centre, angle = (SIDE - 1) / 2, np.radians(degrees)
    y, x = np.indices((SIDE, SIDE)) - centre
    from_x = np.cos(angle) * x + np.sin(angle) * y + centre + 1
    from_y = np.cos(angle) * y - np.sin(angle) * x + centre + 1
    from_x, from_y = (np.clip(each, 0, SIDE + 1 - 1e-6) for each in (from_x, from_y))
    column, row = from_x.astype(int), from_y.astype(int)
    u, v = np.float32(from_x - column), np.float32(from_y - row)
    upper = images[:, row, column] * (1 - u) + images[:, row, column + 1] * u
    lower = images[:, row + 1, column] * (1 - u) + images[:, row + 1, column + 1] * u
    sampled = upper * (1 - v) + lower * v
    return np.asarray(sampled.reshape(len(pixels), -1), np.float32)


def thin(pixels: Pixels) -> Pixels:
    """Erode: each pixel becomes the darkest of itself and its four neighbours."""
    images = np.pad(pixels.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    neighbours = (
        images[:, 1:-1, 1:-1],
        images[:, :-2, 1:-1],
        images[:, 2:, 1:-1],
        images[:, 1:-1, :-2],
        images[:, 1:-1, 2:],
    )
    return np.asarray(np.minimum.reduce(neighbours).reshape(len(pixels), -1), np.float32)


def shift(pixels: Pixels, right: int, down: int) -> Pixels:
    """Move to the right and down by whole pixels; what leaves the image is cut off."""
    images = pixels.reshape(-1, SIDE, SIDE)
    margin = max(abs(right), abs(down))
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    rows = slice(margin - down, margin - down + SIDE)
    columns = slice(margin - right, margin - right + SIDE)
    return np.ascontiguousarray(padded[:, rows, columns]).reshape(len(pixels), -1)
