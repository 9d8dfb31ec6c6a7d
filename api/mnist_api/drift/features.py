"""The features of an image that are compared with those of the validation images."""

from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from mnist_api.model.digit_score import DigitScore

SIDE = 28
MIDDLE = (SIDE - 1) / 2
LEAST = 1e-6  # divides in place of 0: no ink, or one row or column of it
_x = np.tile(np.arange(SIDE) - MIDDLE, SIDE)  # of each pixel
_y = np.repeat(np.arange(SIDE) - MIDDLE, SIDE)
_POWERS = np.stack([np.ones(SIDE * SIDE), _x, _y, _x * _x, _y * _y, _x * _y])


def measure_image(
    pixels: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    score: DigitScore,
    is_picture: bool = False,
) -> tuple[float, ...]:
    """Return the features in the order of FEATURES.

    ``pixels`` are float32 [784], 0 to 1, ``probabilities`` float32 [10]. Ink and digit score of a
    picture are NaN: its preparation changes strokes and edges, so that they always differ from
    those of MNIST's images.
    """
    digit = int(probabilities.argmax())
    ink, likeness = (nan, nan) if is_picture else (pixels.mean(), score.compute(pixels, digit))
    return float(ink), *_measure_shape(pixels), float(probabilities[digit]), likeness, digit


def _measure_shape(pixels: NDArray[np.float32]) -> tuple[float, ...]:
    """Return the centre of mass, the standard deviations along x and y, and their correlation.

    They are those of the ink. Of no ink, the centre is the middle, and the others are 0.
    """
    total, *sums = (_POWERS @ pixels).tolist()
    x, y, xx, yy, xy = (each / max(total, LEAST) for each in sums)
    width, height = sqrt(max(xx - x * x, 0.0)), sqrt(max(yy - y * y, 0.0))
    slant = (xy - x * y) / max(width * height, LEAST)
    return x + MIDDLE, y + MIDDLE, width, height, slant
