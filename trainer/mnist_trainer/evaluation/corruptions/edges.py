"""The edges that Canny's detector finds, instead of the image."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.evaluation.corruptions.types import Images, Random

SIGMA = 1.0  # pixels, of the smoothing
WEAK, STRONG = 0.1, 0.2  # gradients, by Sobel's filter: its largest is 4
ACROSS = ((0, 1), (1, 1), (1, 0), (1, -1))  # rows and columns to the neighbour, by direction


def canny_edges(images: Images, random: Random) -> Images:
    """Return 1 on edges and 0 elsewhere, after Canny (1986)."""
    del random  # as nothing is drawn
    smoothed = ndimage.gaussian_filter(images, (0, SIGMA, SIGMA), mode="constant")
    down, right = _differentiate(smoothed, 1), _differentiate(smoothed, 2)
    strength = np.hypot(down, right)
    thin = _is_ridge(strength, down, right) & (strength >= WEAK)
    connected = np.zeros((3, 3, 3), int)
    connected[1] = 1  # within an image
    lines, count = ndimage.label(thin, connected)
    kept = np.zeros(count + 1, bool)
    kept[lines[strength >= STRONG]] = True
    kept[0] = False
    return np.asarray(kept[lines], np.float32)


def _differentiate(images: Images, axis: int) -> NDArray[np.float32]:
    """Return Sobel's derivative along ``axis``; `ndimage.sobel` would mix neighbouring images."""
    along = ndimage.correlate1d(images, (-1, 0, 1), axis)
    return np.asarray(ndimage.correlate1d(along, (1, 2, 1), 3 - axis))


def _is_ridge(
    strength: Images, down: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return where the gradient is not weaker than at the two neighbours in its direction."""
    direction = np.rint(np.arctan2(down, right) / (np.pi / 4)).astype(np.int8) % 4
    padded = np.pad(strength, ((0, 0), (1, 1), (1, 1)))
    ridge = np.zeros(strength.shape, bool)
    rows, columns = strength.shape[1:]
    for number, (row, column) in enumerate(ACROSS):
        one, other = (
            padded[:, 1 + y : 1 + y + rows, 1 + x : 1 + x + columns]
            for y, x in ((row, column), (-row, -column))
        )
        ridge |= (direction == number) & (strength >= one) & (strength >= other)
    return ridge
