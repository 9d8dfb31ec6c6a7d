"""Contrast: by how much each pixel differs from the background, towards the ink."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

Grey = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

TONE = 0.06  # largest difference between greys of one tone, as a fraction of the range
FLAT = 0.2  # fraction of a drawing's pixels that have the background's tone, at least
COARSE_SIDE = 160  # pixels of the longer side at which a photograph's background is found
WINDOW = 31  # of these pixels: wider than a stroke, narrower than a shadow
BLOCK = 40  # pixels of the side of a block whose noise is measured
MIN_CONTRAST = 10  # grey levels of 255 between ink and paper
MIN_SIGNAL_TO_NOISE = 5  # contrast of the strokes, in standard deviations of the noise


class Contrast(NamedTuple):
    """``levels`` is float32 [h, w], positive for ink; ``least`` the contrast that ink has."""

    levels: Grey
    least: Grey
    is_flat: bool  # a drawing, not a photograph


def to_grey(colours: Grey) -> Grey:
    """Return [h, w] from [h, w, 3]: the luminance, or the colours' axis that shows more.

    Ink may have the same luminance as its background.
    """
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    step = max(1, max(colours.shape[:2]) // 200)
    sample = colours[::step, ::step]
    detail = (sample - ndimage.uniform_filter(sample, (25, 25, 1))).reshape(-1, 3)
    if np.ptp(sample, axis=2).max() < 8:  # grey
        return colours @ weights
    values, axes = np.linalg.eigh(detail.T @ detail / len(detail))
    axis = axes[:, -1] * (1 if axes[:, -1].sum() > 0 else -1)
    if (detail @ weights).std() > 0.5 * np.sqrt(values[-1]):
        return colours @ weights
    grey = colours @ np.float32(axis / np.abs(axis).sum())
    return grey - 255 * np.float32(np.minimum(axis, 0).sum() / np.abs(axis).sum())


def find_contrast(grey: Grey) -> Contrast:
    """Return the contrast of ``grey``, float32 [h, w], 0 to 255, dark on light or light on dark.

    The background of a drawing is the tone that prevails, that of a photograph what remains when
    strokes are filled by morphological closing.
    """
    tolerance = TONE * np.ptp(grey)
    light, dark = grey >= grey.max() - tolerance, grey <= grey.min() + tolerance
    tone = light if _weight(light) > _weight(dark) else dark
    if tone.mean() > FLAT and (light | dark).mean() > 2 * FLAT:
        levels = np.abs(grey - np.median(grey[tone]))
        return Contrast(levels, np.full_like(levels, MIN_CONTRAST), True)
    levels = _background(grey) - grey
    height, width = (max(1, round(side / BLOCK)) for side in grey.shape)
    fine = _block_medians(np.abs(grey - ndimage.gaussian_filter(grey, 1.5)), height, width)
    coarse = ndimage.minimum_filter(_block_medians(np.abs(levels), height, width), 3)
    noise = 1.4826 * np.maximum(fine, coarse)  # a block may be full of ink, its surroundings not
    if (levels**3).sum() < 0:
        levels = -levels
    least = np.maximum(MIN_CONTRAST, MIN_SIGNAL_TO_NOISE * noise).astype(np.float32)
    return Contrast(levels, resize(least, *grey.shape[::-1]), False)


def resize(pixels: Grey, width: int, height: int) -> Grey:
    """Return ``pixels`` as float32 [height, width]: means where it shrinks, else interpolated."""
    is_smaller = width < pixels.shape[1] or height < pixels.shape[0]
    method = Image.Resampling.BOX if is_smaller else Image.Resampling.BICUBIC
    image = Image.fromarray(np.ascontiguousarray(pixels, np.float32))
    return np.asarray(image.resize((width, height), method), np.float32)


def _weight(tone: Mask) -> float:
    """Return the fraction of the border with a tone, plus half that of the whole picture."""
    border = np.concatenate([tone[0], tone[-1], tone[1:-1, 0], tone[1:-1, -1]])
    return float(border.mean() + tone.mean() / 2)


def _background(grey: Grey) -> Grey:
    scale = min(1, COARSE_SIDE / max(grey.shape))
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    coarse = resize(grey, width, height)
    smooth = ndimage.gaussian_filter(coarse, 8)
    sign = 1 if ((smooth - coarse) ** 3).sum() >= 0 else -1
    coarse = sign * coarse
    # beyond the border, the shade goes on as it does inside
    margin = min(WINDOW, height - 1, width - 1)
    padded = np.pad(coarse, margin, "reflect", reflect_type="odd") if margin else coarse
    closed = ndimage.grey_closing(padded, WINDOW)
    closed = closed[margin : margin + height, margin : margin + width]
    gap = closed - coarse
    strokes = gap > max(MIN_CONTRAST / 2, 3 * 1.4826 * float(np.median(gap)))
    paper = np.where(ndimage.binary_dilation(strokes, np.ones((3, 3)), 2), closed, coarse)
    return resize(sign * paper, *grey.shape[::-1])


def _block_medians(values: Grey, rows: int, columns: int) -> Grey:
    bands = np.array_split(values[:, ::2], rows)
    blocks = [[np.median(part) for part in np.array_split(band, columns, 1)] for band in bands]
    return np.array(blocks, np.float32)
