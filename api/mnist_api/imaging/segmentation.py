"""Segmentation: the background of a digit, the threshold, and the strokes without specks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mnist_api.imaging.dilation import dilate, erode

Grey = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

MIN_CONTRAST = 10  # grey levels of 255 between ink and paper
TONE = 0.06  # largest difference between greys of one tone, as a fraction of the contrast
WINDOW = 15  # pixels of 100, applied twice: wider than a stroke, narrower than a shadow
SPECK = 0.1  # of the largest component's ink


def background(grey: Grey) -> tuple[Grey, bool]:
    """Return the background's grey at each pixel, and whether the picture has only two tones.

    ``grey`` is float32 [h, w], 0 to 255, its longer side about 100. The background of a picture in
    two tones is the one that prevails at its border; that of a photograph is what remains when
    strokes are filled by morphological closing.
    """
    tolerance = TONE * np.ptp(grey)
    light, dark = grey >= grey.max() - tolerance, grey <= grey.min() + tolerance
    if (light | dark).mean() > 0.5:
        tone = light if _weight(light) > _weight(dark) else dark
        return np.full_like(grey, np.median(grey[tone])), True
    smooth = _surface(grey)
    if np.abs(smooth - grey).max() < MIN_CONTRAST:  # no strokes, only light and shade
        return smooth, False
    return _fill_strokes(grey, dark=bool(((smooth - grey) ** 3).sum() > 0)), False


def otsu(values: Grey) -> float:
    """Return the threshold with the largest variance between two classes (Otsu 1979)."""
    counts, edges = np.histogram(values, 256)
    below = np.cumsum(counts)[:-1]
    sums = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    whole, total = values.size, sums[-1]
    between = (total * below / whole - sums[:-1]) ** 2 / np.maximum(below * (whole - below), 1)
    return float(edges[int(np.argmax(between)) + 1])


def find_strokes(ink: Mask, coarse: int, keep_edges: bool) -> Mask:
    """Return ``ink`` [h, w] without specks and, unless ``keep_edges``, what touches the border.

    Connected components are found on blocks of ``coarse`` x ``coarse`` pixels. Those that touch the
    border of a photograph (a table, the edge of the paper) are removed only if others remain.
    """
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % coarse), (0, -width % coarse)))
    blocks = padded.reshape(padded.shape[0] // coarse, coarse, -1, coarse).sum((1, 3))
    parts = _connected_components(blocks > 0)
    weights = [int(blocks[part].sum()) for part in parts]
    inside = [_is_inside(part, blocks.shape) for part in parts]
    maximum = max(weights, default=0)
    if keep_edges or maximum == 0 or not any(
        inner and weight > maximum / 50 for inner, weight in zip(inside, weights, strict=True)
    ):  # fmt: skip
        inside = [True] * len(parts)
    largest = max((w for w, inner in zip(weights, inside, strict=True) if inner), default=0)
    kept = np.zeros(blocks.shape, np.bool_)
    for part, weight, inner in zip(parts, weights, inside, strict=True):
        if inner and weight >= SPECK * largest:
            kept[part] = True
    return ink & kept.repeat(coarse, 0).repeat(coarse, 1)[:height, :width]


def _weight(tone: Mask) -> float:
    """Return the fraction of the border with a tone, plus half that of the whole picture."""
    border = np.concatenate([tone[0], tone[-1], tone[1:-1, 0], tone[1:-1, -1]])
    return float(border.mean() + tone.mean() / 2)


def _surface(grey: Grey) -> Grey:
    """Fit a quadratic surface to the paper, excluding outliers in each iteration."""
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].reshape(2, -1)
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], -1)
    values, paper = grey.ravel(), np.ones(grey.size, np.bool_)
    fitted = values
    for _ in range(6):
        weights = np.linalg.pinv(terms[paper].T @ terms[paper]) @ (terms[paper].T @ values[paper])
        fitted = terms @ weights
        misfit = np.abs(values - fitted)
        paper = misfit < 2.5 * (1.4826 * np.median(misfit[paper]) + 1)
    return fitted.reshape(height, width).astype(np.float32)


def _fill_strokes(grey: Grey, dark: bool) -> Grey:
    """Remove strokes by morphological closing (dark ones) or opening (light ones)."""
    pixels = np.clip(grey, 0, 255).astype(np.uint8)
    first, second = (dilate, erode) if dark else (erode, dilate)
    for step in (first, first, second, second):
        pixels = step(pixels, WINDOW)
    image = Image.fromarray(pixels)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(4)), np.float32)


def _connected_components(mask: Mask) -> list[tuple[NDArray[np.intp], ...]]:
    """Return the connected components of ``mask``, diagonals included, as index arrays."""
    remaining = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    parts = []
    while remaining:
        part = [remaining.pop()]
        for y, x in part:  # grows during the loop
            for neighbour in [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
                if neighbour in remaining:
                    remaining.remove(neighbour)
                    part.append(neighbour)
        parts.append(tuple(np.array(part, np.intp).T))
    return parts


def _is_inside(part: tuple[NDArray[np.intp], ...], shape: tuple[int, ...]) -> bool:
    return all(
        bool(places.min() > 0 and places.max() < length - 1)
        for places, length in zip(part, shape, strict=True)
    )
