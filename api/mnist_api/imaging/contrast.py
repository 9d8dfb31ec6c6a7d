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
ROUGH = 2.5  # times the texture of a sheet: that of a table
EDGE = 5  # coarse pixels along the edge of a sheet on a table that are left out
SHEET = 0.1  # of the picture's area: a sheet has at least this
SAMPLE = 12  # rows and columns of a block's pixels that are looked at
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


def find_contrast(grey: Grey, flat: float = FLAT) -> Contrast:
    """Return the contrast of ``grey``, float32 [h, w], 0 to 255, dark on light or light on dark.

    A picture is a drawing if at least ``flat`` of its pixels have the background's tone. The
    background of a drawing is the tone that prevails, that of a photograph what remains when
    strokes are filled by morphological closing.
    """
    tolerance = TONE * np.ptp(grey)
    light, dark = grey >= grey.max() - tolerance, grey <= grey.min() + tolerance
    tone = light if _weight(light) > _weight(dark) else dark
    if tone.mean() > flat and (light | dark).mean() > 2 * flat:
        levels = np.abs(grey - np.median(grey[tone]))
        return Contrast(levels, np.full_like(levels, MIN_CONTRAST), True)
    paper, sign, outside = _background(grey)
    levels = np.where(outside, 0, sign * (paper - grey))
    height, width = (max(1, round(side / BLOCK)) for side in grey.shape)
    fine = _block_medians(np.abs(grey - ndimage.gaussian_filter(grey, 1.5)), height, width)
    coarse = ndimage.minimum_filter(_block_medians(np.abs(levels), height, width), 3)
    noise = 1.4826 * np.maximum(fine, coarse)  # a block may be full of ink, its surroundings not
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


def _background(grey: Grey) -> tuple[Grey, int, Mask]:
    """Return the background, the sign that makes ink positive, and what is not the sheet."""
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
    strokes = ndimage.binary_dilation(strokes, np.ones((3, 3)), 2)
    # at the edge of a shadow, the darker side is the background of both
    paper = ndimage.minimum_filter(np.where(strokes, closed, coarse), 5)
    outside = resize(_find_table(coarse, closed).astype(np.float32), *grey.shape[::-1])
    return sign * resize(paper, *grey.shape[::-1]), sign, outside > 0


def _find_table(coarse: Grey, paper: Grey) -> Mask:
    """Return what lies around a sheet: one of two tones, with much more texture than the other."""
    low, high = np.percentile(paper, (2, 98))
    is_light = paper > (low + high) / 2
    texture = np.abs(coarse - ndimage.uniform_filter(coarse, 5))
    roughness = [
        float(np.median(texture[part])) if part.any() else 0 for part in (is_light, ~is_light)
    ]
    if max(roughness) < ROUGH * max(min(roughness), 0.3) or high - low < 2 * MIN_CONTRAST:
        return np.zeros_like(is_light)
    labels, _ = ndimage.label(is_light if roughness[0] < roughness[1] else ~is_light)
    sheet = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    if sheet.mean() < SHEET:
        return np.zeros_like(is_light)
    filled = ndimage.binary_fill_holes(sheet)
    kept = ndimage.binary_erosion(filled, np.ones((3, 3)), EDGE, border_value=1)
    outside: Mask = ~kept
    return outside


def _block_medians(values: Grey, rows: int, columns: int) -> Grey:
    """Return the medians of ``rows`` x ``columns`` blocks, each of a sample of its pixels."""
    y, x = (
        np.linspace(0, length - 1, blocks * SAMPLE).astype(np.intp)
        for length, blocks in zip(values.shape, (rows, columns), strict=True)
    )
    sample = values[np.ix_(y, x)].reshape(rows, SAMPLE, columns, SAMPLE)
    return np.median(sample.transpose(0, 2, 1, 3).reshape(rows, columns, -1), axis=-1)
