"""Grey pixels to MNIST's form: LeCun, Bottou, Bengio, Haffner (1998), section III.A.

Ink is found on a working copy whose longer side is 400, so that every width here is a constant.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mnist_api.imaging.dilation import dilate
from mnist_api.imaging.segmentation import FAINTEST, Grey, background, find_strokes, otsu

WORK, BOX, SIDE = 400, 20, 28
COARSE = 4  # backgrounds and connected parts are found on a quarter of the working size
CLEAREST_NOISE = 4  # standard deviations
THINNEST = 1.6  # width of a stroke in pixels of the box of 20; MNIST's are 2 to 3


class BlankPictureError(Exception):
    """The picture holds no ink that stands out from its background; the message says what to do."""


def to_mnist_form(grey: Grey) -> NDArray[np.float32]:
    """Return the digit as float32 [28, 28], ink 0 to 1: longer side 20, centre of mass at (14, 14).

    ``grey`` is float32 [h, w], 0 to 255, dark on light or light on dark. What has MNIST's form
    already comes back as it is. Raises BlankPictureError.
    """
    for ink in (grey / 255, 1 - grey / 255):
        if has_mnist_form(ink):
            return np.ascontiguousarray(ink, dtype=np.float32)
    digit = _thicken(_crop(_read_ink(grey)))
    height, width = (max(1, round(side * BOX / max(digit.shape))) for side in digit.shape)
    small = _resize(digit, width, height)
    return _centre(np.clip(small / small.max(), 0, 1))


def has_mnist_form(ink: Grey) -> bool:
    """Say whether ``ink``, 0 to 1, is 28 x 28, within a box of 20, with its mass in the middle."""
    marked = ink > 0
    if ink.shape != (SIDE, SIDE) or not marked.any() or ink.max() < 0.9:
        return False
    within = all(np.ptp(np.flatnonzero(marked.any(axis))) < BOX for axis in (0, 1))
    return within and all(abs(place - SIDE / 2) <= 1 for place in _centre_of_mass(ink))


def _read_ink(grey: Grey) -> Grey:
    """Return how much ink is where, 0 to 1, at working size; all else is 0."""
    scale = WORK / max(grey.shape)
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    work = _resize(grey, width, height)
    coarse = _resize(work, max(1, width // COARSE), max(1, height // COARSE))
    paper, drawn = background(coarse)
    contrast = _resize(paper, width, height) - work
    if ((paper - coarse) ** 3).sum() < 0:  # ink is lighter than its paper
        contrast = -contrast
    noise = 0.0 if drawn else 1.4826 * float(np.median(np.abs(contrast)))
    contrast = np.maximum(contrast, 0)
    bound = otsu(_blur(contrast))
    strokes = find_strokes(_blur(contrast) > bound, COARSE, keep_edges=drawn)
    full = float(np.percentile(contrast[strokes], 75)) if strokes.any() else 0.0
    if full < max(FAINTEST, CLEAREST_NOISE * noise):
        raise BlankPictureError(
            "No digit stands out from the background: send one digit, dark on light or light on"
            " dark."
        )
    floor = min(bound / 2, full / 4)
    level: Grey = np.clip((contrast - floor) / (full - floor), 0, 1)
    return np.where(dilate(strokes, 5), level, 0)


def _crop(ink: Grey) -> Grey:
    rows, columns = (np.flatnonzero((ink > 0.4).any(axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _thicken(ink: Grey) -> Grey:
    """Widen strokes that would vanish in a box of 20."""
    marked = np.pad(ink > 0.5, 1)
    outline = np.count_nonzero(np.diff(marked, axis=0)) + np.count_nonzero(np.diff(marked, axis=1))
    stroke = 2 * np.count_nonzero(marked) / max(0.8 * outline, 1)  # 0.8: stairs against slopes
    missing = int(THINNEST * max(ink.shape) / BOX - stroke)
    if missing < 2:
        return ink
    wide = dilate((np.pad(ink, missing) * 255).astype(np.uint8), missing | 1)
    return _crop(wide.astype(np.float32) / 255)


def _centre(digit: Grey) -> NDArray[np.float32]:
    placed = np.zeros((SIDE, SIDE), np.float32)
    top, left = (
        min(max(round(SIDE / 2 - middle), 0), SIDE - length)
        for middle, length in zip(_centre_of_mass(digit), digit.shape, strict=True)
    )
    placed[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return placed


def _centre_of_mass(ink: Grey) -> tuple[float, float]:
    rows, columns = ink.sum(1), ink.sum(0)
    total = float(ink.sum())
    return (
        float(rows @ np.arange(len(rows))) / total,
        float(columns @ np.arange(len(columns))) / total,
    )


def _resize(grey: Grey, width: int, height: int) -> Grey:
    smaller = width < grey.shape[1] or height < grey.shape[0]
    how = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    return np.asarray(image.resize((width, height), how), np.float32)


def _blur(contrast: Grey) -> Grey:
    image = Image.fromarray(np.clip(contrast, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(1)), np.float32)
