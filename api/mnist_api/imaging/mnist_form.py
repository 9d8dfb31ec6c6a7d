"""Conversion of a digit to MNIST's form: LeCun, Bottou, Bengio, Haffner (1998), section III.A."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

Grey = NDArray[np.floating[Any]]


BOX, SIDE = 20, 28
STROKE_WIDTHS = (1.6, 4.5)  # in pixels of the box of 20; MNIST's are 2 to 3


def to_mnist_form(ink: Grey) -> NDArray[np.float32]:
    """Return a digit's ``ink``, 0 to 1, as float32 [28, 28], 0 to 1.

    Its longer side is 20 pixels, its centre of mass at (14, 14).
    """
    digit = _adjust_width(ink[find_ink(ink)])
    height, width = (max(1, round(side * BOX / max(digit.shape))) for side in digit.shape)
    method = Image.Resampling.BOX if max(digit.shape) > BOX else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(digit.astype(np.float32)).resize((width, height), method))
    return _place_at_centre(np.clip(small / small.max(), 0, 1))


def has_mnist_form(ink: Grey) -> bool:
    """Return whether ``ink``, 0 to 1, is 28 x 28 with a centred digit that fits in a box of 20."""
    mask = ink > 0
    if ink.shape != (SIDE, SIDE) or not mask.any() or ink.max() < 0.9:
        return False
    fits = all(np.ptp(np.flatnonzero(mask.any(axis))) < BOX for axis in (0, 1))
    return fits and all(abs(centre - SIDE / 2) <= 1 for centre in _centre_of_mass(ink))


def find_ink(ink: Grey) -> tuple[slice, slice]:
    """Return the rows and columns of ``ink``, 0 to 1, that is not faint."""
    rows, columns = (np.flatnonzero((ink > 0.4).any(axis)).tolist() for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def measure_width(strokes: NDArray[np.bool_]) -> float:
    """Return the mean width of ``strokes``, bool [h, w], in pixels."""
    mask = np.pad(strokes, 1)
    edges = np.count_nonzero(np.diff(mask, axis=0)) + np.count_nonzero(np.diff(mask, axis=1))
    outline = 0.8 * edges  # pixel edges are longer than the slanted outline that they follow
    return float(2 * np.count_nonzero(mask) / max(outline, 1))


def _adjust_width(ink: Grey) -> Grey:
    """Widen strokes that would be too thin in a box of 20; narrow those whose loops would close."""
    width = measure_width(ink > 0.5)
    thinnest, thickest = (limit * max(ink.shape) / BOX for limit in STROKE_WIDTHS)
    if (missing := int(thinnest - width)) >= 2:
        ink = ndimage.maximum_filter(np.pad(ink, missing), missing | 1)
    elif (excess := int(width - thickest)) >= 2:
        ink = ndimage.minimum_filter(np.pad(ink, 1), excess | 1)
    return ink[find_ink(ink)]


def _place_at_centre(digit: Grey) -> NDArray[np.float32]:
    image = np.zeros((SIDE, SIDE), np.float32)
    top, left = (
        min(max(round(SIDE / 2 - centre), 0), SIDE - length)
        for centre, length in zip(_centre_of_mass(digit), digit.shape, strict=True)
    )
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


def _centre_of_mass(ink: Grey) -> tuple[float, float]:
    rows, columns = ink.sum(1), ink.sum(0)
    total = float(ink.sum())
    return (
        float(rows @ np.arange(len(rows))) / total,
        float(columns @ np.arange(len(columns))) / total,
    )
