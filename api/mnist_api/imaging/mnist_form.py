"""Conversion of grey pixels to MNIST's form: LeCun, Bottou, Bengio, Haffner (1998), section III.A.

Strokes are segmented on a copy whose longer side is 400 pixels, so that all widths are constants.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mnist_api.imaging.dilation import dilate
from mnist_api.imaging.segmentation import MIN_CONTRAST, Grey, background, find_strokes, otsu

WORKING_SIDE, BOX, SIDE = 400, 20, 28
COARSE = 4  # background and connected components are found at a quarter of the working size
MIN_SIGNAL_TO_NOISE = 4  # contrast of the strokes, in standard deviations of the noise
MIN_STROKE_WIDTH = 1.6  # in pixels of the box of 20; MNIST's are 2 to 3


class BlankPictureError(Exception):
    """No strokes differ enough from the background; the message says what to do."""


def to_mnist_form(grey: Grey) -> NDArray[np.float32]:
    """Return the digit as float32 [28, 28], ink 0 to 1: longer side 20, centre of mass at (14, 14).

    ``grey`` is float32 [h, w], 0 to 255, dark on light or light on dark. An image that has
    MNIST's form already is returned unchanged. Raises BlankPictureError.
    """
    for ink in (grey / 255, 1 - grey / 255):
        if has_mnist_form(ink):
            return np.ascontiguousarray(ink, dtype=np.float32)
    digit = _thicken(_crop(_segment(grey)))
    height, width = (max(1, round(side * BOX / max(digit.shape))) for side in digit.shape)
    small = _resize(digit, width, height)
    return _place_at_centre(np.clip(small / small.max(), 0, 1))


def has_mnist_form(ink: Grey) -> bool:
    """Return whether ``ink``, 0 to 1, is 28 x 28 with a centred digit that fits in a box of 20."""
    mask = ink > 0
    if ink.shape != (SIDE, SIDE) or not mask.any() or ink.max() < 0.9:
        return False
    fits = all(np.ptp(np.flatnonzero(mask.any(axis))) < BOX for axis in (0, 1))
    return fits and all(abs(centre - SIDE / 2) <= 1 for centre in _centre_of_mass(ink))


def _segment(grey: Grey) -> Grey:
    """Return the strokes' ink, 0 to 1, at the working size; 0 elsewhere."""
    scale = WORKING_SIDE / max(grey.shape)
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    work = _resize(grey, width, height)
    coarse = _resize(work, max(1, width // COARSE), max(1, height // COARSE))
    paper, is_two_tone = background(coarse)
    contrast = _resize(paper, width, height) - work
    if ((paper - coarse) ** 3).sum() < 0:  # the ink is lighter than the paper
        contrast = -contrast
    noise = 0.0 if is_two_tone else 1.4826 * float(np.median(np.abs(contrast)))
    contrast = np.maximum(contrast, 0)
    threshold = otsu(_blur(contrast))
    strokes = find_strokes(_blur(contrast) > threshold, COARSE, keep_edges=is_two_tone)
    full = float(np.percentile(contrast[strokes], 75)) if strokes.any() else 0.0
    if full < max(MIN_CONTRAST, MIN_SIGNAL_TO_NOISE * noise):
        raise BlankPictureError(
            "No digit stands out from the background: send one digit, dark on light or light on"
            " dark."
        )
    none = min(threshold / 2, full / 4)
    ink: Grey = np.clip((contrast - none) / (full - none), 0, 1)
    return np.where(dilate(strokes, 5), ink, 0)


def _crop(ink: Grey) -> Grey:
    rows, columns = (np.flatnonzero((ink > 0.4).any(axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _thicken(ink: Grey) -> Grey:
    """Widen strokes that would be too thin in a box of 20."""
    mask = np.pad(ink > 0.5, 1)
    edges = np.count_nonzero(np.diff(mask, axis=0)) + np.count_nonzero(np.diff(mask, axis=1))
    outline = 0.8 * edges  # pixel edges are longer than the slanted outline that they follow
    width = 2 * np.count_nonzero(mask) / max(outline, 1)
    missing = int(MIN_STROKE_WIDTH * max(ink.shape) / BOX - width)
    if missing < 2:
        return ink
    dilated = dilate((np.pad(ink, missing) * 255).astype(np.uint8), missing | 1)
    return _crop(dilated.astype(np.float32) / 255)


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


def _resize(grey: Grey, width: int, height: int) -> Grey:
    is_smaller = width < grey.shape[1] or height < grey.shape[0]
    method = Image.Resampling.BOX if is_smaller else Image.Resampling.BICUBIC
    image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    return np.asarray(image.resize((width, height), method), np.float32)


def _blur(contrast: Grey) -> Grey:
    image = Image.fromarray(np.clip(contrast, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(1)), np.float32)
