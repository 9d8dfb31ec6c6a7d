"""Tiny pictures that were enlarged: their pixels are squares."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TINY = 32  # pixels of the longer side, up to which a picture holds no more than one digit
STEP = 16  # grey levels of 255: a difference between two squares
MOST, FEWEST = TINY, 4  # squares along a side
UNEVEN = 0.15  # of a square's side


def has_blocks(image: Image.Image) -> bool:
    """Return whether a grey ``image`` consists of at most 32 x 32 squares of one tone."""
    for pixels in (np.asarray(image, np.int16), np.asarray(image, np.int16).T):
        steps = np.abs(np.diff(pixels, axis=0))
        if np.median(steps) > 0 or not _are_even(
            np.flatnonzero((steps > STEP).any(1)), len(pixels)
        ):
            return False
    return True


def _are_even(edges: NDArray[np.intp], side: int) -> bool:
    """Return whether the distances between ``edges`` are multiples of one."""
    distances = np.diff(edges)
    distances = distances[distances > 2]  # an edge may be smooth
    if not FEWEST <= len(distances) < MOST or len(distances) < len(edges) / 3:
        return False
    squares = np.arange(FEWEST, MOST + 1)
    multiples = distances / (side / squares[:, None])
    return bool((np.abs(multiples - np.rint(multiples)).max(1) < UNEVEN).any())
