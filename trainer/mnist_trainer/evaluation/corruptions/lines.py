"""Stripes and lines across the image."""

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.evaluation.corruptions.types import Images, Random
from mnist_trainer.signature import SIDE

STRIPE = 7  # columns at either side that are inverted
REACH = 2.3  # pixels from a line's middle to its edge
DASH = 2  # columns of a line's dash, and of the gap between two
FIRST, LAST = 2, SIDE - 3  # columns of a zigzag
PERIOD, AMPLITUDE = 8, 2  # pixels of a zigzag
STEEPEST = 5  # pixels that a zigzag rises or falls

ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE].astype(np.float32)


def stripe(images: Images, random: Random) -> Images:
    """Invert all but a vertical stripe in the middle."""
    del random  # as the stripe is the same for all
    striped = images.copy()
    for side in (striped[..., :STRIPE], striped[..., -STRIPE:]):
        np.subtract(1, side, out=side)
    return striped


def dotted_line(images: Images, random: Random) -> Images:
    """Draw a dashed line from the left edge to the right one."""
    begin, end = random.integers(SIDE - 1, size=(2, len(images), 1, 1)).astype(np.float32)
    line = _ink(ROWS - begin - (end - begin) * COLUMNS / (SIDE - 1))
    line[..., COLUMNS[0] // DASH % 2 == 0] = 0
    return np.asarray(np.minimum(images + line, 1))


def zigzag(images: Images, random: Random) -> Images:
    """Draw a zigzag from left to right."""
    begin = random.integers(SIDE - 1, size=(len(images), 1, 1)).astype(np.float32)
    rise = random.integers(-STEEPEST, STEEPEST, begin.shape).astype(np.float32)
    angle = np.arctan(rise / (LAST - FIRST))
    x, y = COLUMNS - FIRST, ROWS - begin
    along = np.cos(angle) * x + np.sin(angle) * y
    across = np.cos(angle) * y - np.sin(angle) * x
    # from 0 at the begin up to AMPLITUDE, down to -AMPLITUDE, and so on
    wave = np.abs((along - PERIOD / 4) % PERIOD - PERIOD / 2) - PERIOD / 4
    line = _ink(across - wave * AMPLITUDE / (PERIOD / 4))
    line *= (along >= 0) & (along <= (LAST - FIRST) / np.cos(angle))
    return np.asarray(np.minimum(images + line, 1))


def _ink(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the grey of pixels at a ``distance`` above or below a line's middle."""
    inside = np.minimum(np.abs(distance) / REACH, 1 - 1e-6)
    return np.asarray(np.maximum(1 + np.log(1 - inside), 0), np.float32)
