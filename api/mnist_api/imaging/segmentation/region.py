"""The ink of one digit, cut out of a picture."""

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_api.imaging.mnist_form import find_ink
from mnist_api.imaging.segmentation.background import WHOLE, Background, Grey, Mask, Part, crop
from mnist_api.imaging.segmentation.components import Window

LONGER_SIDE = 160  # pixels of a digit's ink
NONE = {True: 0.05, False: 0.25}  # of a digit's contrast: less is no ink, if it is flat


class Region(NamedTuple):
    """A digit's ink, 0 to 1, float32 [h, w], and the part of the picture that it fills."""

    ink: Grey
    part: Part


def cut(image: Image.Image, background: Background, strokes: Mask, window: Window) -> Region:
    """Return the ink of a digit, in the detail that a grey ``image`` has.

    ``strokes``, bool [h, w], are the digit's in a smaller image; all ink beyond a ``window`` of
    it, or not near the digit's strokes, is left out.
    """
    part = find_part(window, strokes.shape)
    strokes = strokes[window]
    scale = LONGER_SIDE / max(strokes.shape)
    height, width = (max(1, round(side * scale)) for side in strokes.shape)
    levels = background.subtract(Image.fromarray(crop(image, part, (width, height))), part)
    near, core = (
        crop(Image.fromarray(mask.astype(np.float32)), WHOLE, (width, height))
        for mask in (ndimage.maximum_filter(strokes, 5), strokes)
    )
    full = max(1, float(np.percentile(levels[core > core.max() / 2], 75)))
    none = NONE[background.sign == 0] * full
    ink = np.where(near > 0.5, np.clip((levels - none) / (full - none), 0, 1), 0)
    inside = find_ink(ink)
    return Region(ink[inside], nest(find_part(inside, ink.shape), part))


def find_part(window: Window, shape: tuple[int, ...]) -> Part:
    """Return what part of an image of ``shape``, [h, w], a ``window`` of it is."""
    (top, bottom), (left, right) = (
        (side.start / length, min(1, side.stop / length))
        for side, length in zip(window, shape, strict=True)
    )
    return left, top, right, bottom


def nest(part: Part, whole: Part) -> Part:
    """Return the part of a picture that a ``part`` of a part of it is."""
    left, top, right, bottom = whole
    across, down = right - left, bottom - top
    return (
        left + part[0] * across,
        top + part[1] * down,
        left + part[2] * across,
        top + part[3] * down,
    )
