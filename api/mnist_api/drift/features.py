"""The features of an image that are compared with those of the validation images."""

from math import nan

import numpy as np
from numpy.typing import NDArray

from mnist_api.model.digit_score import DigitScore
from mnist_api.signature import PIXELS

SIDE = 28
MIDDLE = (SIDE - 1) / 2
_x = np.tile(np.arange(SIDE, dtype=np.float32), SIDE)  # of each pixel
_y = np.repeat(np.arange(SIDE, dtype=np.float32), SIDE)


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
    total, digit = float(pixels.sum()), int(probabilities.argmax())
    x, y = (float(pixels @ at) / total if total else MIDDLE for at in (_x, _y))
    ink, likeness = (nan, nan) if is_picture else (total / PIXELS, score.compute(pixels, digit))
    return ink, x, y, float(probabilities[digit]), likeness, digit
