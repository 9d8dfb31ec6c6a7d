"""Dilation and erosion with a square window; the time grows with the logarithm of its size.

Pillow's MaxFilter and MinFilter give the same result, but take a second for the widest window, and
hold the GIL meanwhile.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", bound=np.generic)


def dilate(pixels: NDArray[Value], size: int) -> NDArray[Value]:
    """Return the largest of the ``size`` x ``size`` values around each pixel; ``size`` is odd."""
    for axis in (0, 1):
        pixels = _dilate_along(pixels, size, axis)
    return pixels


def erode(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return the smallest of the ``size`` x ``size`` values around each pixel; ``size`` is odd."""
    return ~dilate(~pixels, size)


def _dilate_along(pixels: NDArray[Value], size: int, axis: int) -> NDArray[Value]:
    padding = [(0, 0), (0, 0)]
    padding[axis] = (size // 2, size // 2)
    maxima, length = np.moveaxis(np.pad(pixels, padding, "edge"), axis, 0), 1
    while length < size:  # maxima[i] is the largest of the `length` values from i on
        step = min(length, size - length)
        maxima, length = np.maximum(maxima[:-step], maxima[step:]), length + step
    return np.moveaxis(maxima, 0, axis)
