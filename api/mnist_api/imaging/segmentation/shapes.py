"""Shapes that can't be a digit, by their size and their components alone."""

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_api.imaging.segmentation.background import Grey, Mask

WIDE = 2.2  # times its height
ROUND = 0.8  # of its size: the diameter of the largest circle in a filled shape
SHADE = 0.2  # of the pixels around a digit that may be as dark as its ink
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


def is_shade(strokes: Mask, grey: Grey) -> bool:
    """Return whether much around ``strokes`` is as dark as they are: the edge of a shadow.

    ``grey``, [h, w] as ``strokes`` with a margin, is lower where the picture is darker.
    """
    around = grey[~ndimage.maximum_filter(strokes, 7)]
    if not around.size:
        return False
    ink, paper = np.median(grey[strokes]), np.percentile(around, 90)
    return bool((around < ink + 0.25 * (paper - ink)).mean() > SHADE)
