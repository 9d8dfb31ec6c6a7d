"""Contrast: by how much a picture's pixels differ from its background, and how much is ink."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_api.imaging.segmentation.background import (
    MIN_CONTRAST,
    WHOLE,
    Background,
    Grey,
    crop,
    find_background,
)

LEAST = {True: 0.2, False: 0.35}  # of the strongest contrast: where ink begins, if it is flat
SIGNAL_TO_NOISE = 5  # contrast of strokes, in standard deviations of the noise
BLOCKS = 10  # along the longer side
SAMPLE = 12  # rows and columns of a block's pixels that are looked at
DEVIATION = 1.4826  # standard deviations in the median of the absolute values


class Contrast(NamedTuple):
    """What differs from the background, and by how much."""

    background: Background
    levels: Grey  # float32 [h, w], 0 to 255
    least: Grey  # float32 [h, w], of ink
    is_flat: bool  # a drawing, not a photograph


def find_contrast(image: Image.Image, flat: float) -> Contrast:
    """Return the contrast of a grey ``image``; ``flat`` is as in find_background."""
    background = find_background(image, flat)
    is_flat = background.sign == 0
    levels = background.subtract(image)
    if background.outside is not None:
        outside = Image.fromarray(background.outside.view(np.uint8))
        levels[crop(outside, WHOLE, image.size) > 0] = 0
    blur = ImageFilter.GaussianBlur(1)
    smooth = np.asarray(Image.fromarray(levels.astype(np.uint8)).filter(blur), np.float32)
    least = np.full_like(smooth, max(MIN_CONTRAST, LEAST[is_flat] * smooth.max()))
    if not is_flat:
        least = np.maximum(least, SIGNAL_TO_NOISE * _measure_noise(image, levels))
    return Contrast(background, smooth, least, is_flat)


def _measure_noise(image: Image.Image, levels: Grey) -> Grey:
    """Return the standard deviation of the noise in a photograph, float32 [h, w].

    ``levels`` is its ink: a block may be full of it, but not the blocks around it.
    """
    height, width = (max(1, round(BLOCKS * side / max(levels.shape))) for side in levels.shape)
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(1.5)), np.float32)
    fine = _find_medians(np.abs(np.asarray(image) - blurred), height, width)
    coarse = ndimage.minimum_filter(_find_medians(np.abs(levels), height, width), 3)
    noise = Image.fromarray((DEVIATION * np.maximum(fine, coarse)).astype(np.float32))
    return crop(noise, WHOLE, image.size)


def _find_medians(values: Grey, rows: int, columns: int) -> Grey:
    """Return the medians of ``rows`` x ``columns`` blocks, each of a sample of its pixels."""
    y, x = (
        np.linspace(0, length - 1, blocks * SAMPLE).astype(np.intp)
        for length, blocks in zip(values.shape, (rows, columns), strict=True)
    )
    sample = values[np.ix_(y, x)].reshape(rows, SAMPLE, columns, SAMPLE)
    medians: Grey = np.median(sample.transpose(0, 2, 1, 3).reshape(rows, columns, -1), axis=-1)
    return medians
