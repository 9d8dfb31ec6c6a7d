"""The background of a picture, and by how much its pixels differ from it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

Grey = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Part = tuple[float, float, float, float]  # left, top, right, bottom, as fractions of a picture

TONE = 0.06  # largest difference between greys of one tone, as a fraction of the range
EVEN = 4  # grey levels of the border of a drawing
COARSE_SIDE = 160  # pixels of the longer side at which a photograph's background is found
WINDOW = 31  # of these pixels: wider than a stroke, narrower than a shadow
TWO_TONES = 60  # grey levels between a sheet and a table
GRAIN = 15  # coarse pixels: wider than that of a table
ROUGH = 1.8, 3  # times the texture of a sheet: that of a table, if it is darker, or lighter
EDGE = 5  # coarse pixels along the edge of a sheet on a table that are left out
SHEET = 0.1  # of the picture's area: a sheet has at least this
MOST_GAIN = 1.5  # of the contrast of ink in the shade
MIN_CONTRAST = 10  # grey levels of 255 between ink and paper
WHOLE = (0.0, 0.0, 1.0, 1.0)


class Background(NamedTuple):
    """``paper`` is a float image of the background, of any size; ``outside`` what is no paper."""

    paper: Image.Image
    sign: int  # 1 for dark ink, -1 for light ink, 0 for either, as in a drawing
    outside: Mask | None = None

    def subtract(self, grey: Image.Image, part: Part = WHOLE) -> NDArray[np.float32]:
        """Return the ink in ``grey``, a ``part`` of the picture: float32 [h, w], 0 to 255.

        Dark ink is given in relation to its paper, which may be in a shadow.
        """
        paper = crop(self.paper, part, grey.size)
        levels: NDArray[np.float32] = paper - np.asarray(grey, np.float32)
        if self.sign == 0:
            return np.abs(levels)
        if self.sign < 0:
            levels = -levels
        else:
            levels *= np.minimum(self.paper.getextrema()[1] / np.maximum(paper, 1), MOST_GAIN)
        return levels.clip(0, 255)


def crop(image: Image.Image, part: Part, size: tuple[int, int]) -> NDArray[Any]:
    """Return a ``part`` of ``image`` as [h, w], ``size`` wide and high, means or interpolated."""
    left, right = part[0] * image.width, part[2] * image.width
    top, bottom = part[1] * image.height, part[3] * image.height
    shrinks = (right - left) * (bottom - top) > size[0] * size[1]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.asarray(image.resize(size, method, (left, top, right, bottom)))


def find_background(image: Image.Image, flat: float) -> Background:
    """Return the background of a grey ``image``.

    It is a drawing if its border has one tone, or at least ``flat`` of its pixels have the
    background's. The background of a photograph is what remains when strokes are filled by
    morphological closing.
    """
    tone = _find_tone(np.asarray(image), flat)
    if tone is not None:
        return Background(Image.new("F", (1, 1), tone), 0)
    scale = min(1, COARSE_SIDE / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    return _find_paper(crop(image, WHOLE, (width, height)).astype(np.float32))


def _find_tone(grey: NDArray[np.uint8], flat: float) -> float | None:
    """Return the tone of a drawing's background, None for a photograph."""
    low, high = int(grey.min()), int(grey.max())
    light, dark = grey >= high - TONE * (high - low), grey <= low + TONE * (high - low)
    border = _find_border(grey)
    if np.ptp(np.percentile(border, (1, 99))) <= EVEN:
        return float(np.median(border))
    tone = max((light, dark), key=lambda tone: _find_border(tone).mean() + tone.mean() / 2)
    if tone.mean() > flat and (light | dark).mean() > 2 * flat:
        return float(np.median(grey[tone]))
    return None


def _find_border(pixels: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])


def _find_paper(coarse: Grey) -> Background:
    """Return the background of a photograph, of which ``coarse`` is a small one."""
    smooth = ndimage.gaussian_filter(coarse, 8)
    sign = 1 if ((smooth - coarse) ** 3).sum() >= 0 else -1
    coarse = sign * coarse
    height, width = coarse.shape
    # beyond the border, the shade goes on as it does inside
    margin = min(WINDOW, height - 1, width - 1)
    padded = np.pad(coarse, margin, "reflect", reflect_type="odd") if margin else coarse
    closed = ndimage.grey_closing(padded, WINDOW)
    closed = closed[margin : margin + height, margin : margin + width]
    gap = closed - coarse
    strokes = gap > max(MIN_CONTRAST / 2, 3 * 1.4826 * float(np.median(gap)))
    strokes = ndimage.binary_dilation(strokes, np.ones((3, 3)), 2)
    # at the edge of a shadow, the darker side is the background of both
    paper = sign * ndimage.minimum_filter(np.where(strokes, closed, coarse), 5)
    return Background(
        Image.fromarray(paper.astype(np.float32)), sign, _find_table(sign * coarse, sign * closed)
    )


def _find_table(coarse: Grey, paper: Grey) -> Mask | None:
    """Return what lies around a sheet: one of two tones, with more texture than the other."""
    low, high = np.percentile(paper, (2, 98))
    if high - low < TWO_TONES:
        return None
    is_light = paper > (low + high) / 2
    texture = np.abs(coarse - ndimage.uniform_filter(coarse, GRAIN))
    light, dark = (
        float(np.percentile(texture[inner], 30)) if inner.any() else 0
        for inner in (
            ndimage.binary_erosion(tone, iterations=GRAIN // 2, border_value=1)
            for tone in (is_light, ~is_light)
        )
    )
    if dark < ROUGH[0] * max(light, 0.3) and light < ROUGH[1] * max(dark, 0.3):
        return None
    labels, _ = ndimage.label(is_light if light < dark else ~is_light)
    sheet = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    if sheet.mean() < SHEET:
        return None
    filled = ndimage.binary_fill_holes(sheet)
    kept: Mask = ndimage.binary_erosion(filled, np.ones((3, 3)), EDGE, border_value=1)
    return ~kept
