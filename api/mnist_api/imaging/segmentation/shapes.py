"""Shapes that can't be a digit, by their size and their components alone."""

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_api.imaging.mnist_form import measure_width
from mnist_api.imaging.segmentation.background import Grey, Mask

WIDE = 2.2  # times its height
ROUND = 0.65  # of its size: the diameter of the largest circle in a filled shape
DEPTH = 0.4  # of its contrast: how much darker a stroke is than both of its sides
MOST_HOLES = 4  # an 8 has two, and a shaky hand adds some


class ShapeError(Exception):
    """What the picture holds can't be a digit; the message says what was seen."""


def check_shape(strokes: Mask) -> None:
    """Raise ShapeError unless ``strokes``, cut to their box, can be a digit."""
    height, width = strokes.shape
    if width > WIDE * height:
        raise ShapeError("A line or a word, no digit,")
    step = max(1, max(strokes.shape) // 80)
    small = np.pad(strokes[::step, ::step], 1)
    thickest = float(ndimage.distance_transform_edt(small).max())
    if 2 * thickest > ROUND * (max(small.shape) - 2) and max(strokes.shape) > 10:
        raise ShapeError("A dot or a filled shape, no digit,")
    holes, count = ndimage.label(~small)
    if np.count_nonzero(np.bincount(holes.ravel())[2:] > small.size / 400) > MOST_HOLES:
        raise ShapeError("A scribble, no digit,")
    parts, count = ndimage.label(small, np.ones((3, 3)))
    if count < 3:
        return
    largest = parts == np.argmax(np.bincount(parts.ravel())[1:]) + 1
    nested = ndimage.binary_fill_holes(largest) & ~largest
    if len(np.unique(parts[nested & small])) > 1:
        raise ShapeError("A drawing of several shapes, no digit,")


def is_stroke(strokes: Mask, levels: Grey, grey: Grey) -> bool:
    """Return whether ``strokes`` are lines, with paper at both sides, and not a shadow's edge.

    All are [h, w], with a margin; ``grey`` is lower where there is ink, by about ``levels``.
    """
    smooth = ndimage.gaussian_filter(grey, 1)
    filled = ndimage.grey_closing(smooth, int(1.5 * measure_width(strokes)) + 9)
    depth = np.median((filled - smooth)[strokes])
    return bool(depth > DEPTH * np.median(levels[strokes]))
