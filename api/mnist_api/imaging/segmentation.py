"""Ink apart from paper: the background under a digit, a threshold, the strokes without specks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mnist_api.imaging.dilation import dilate, erode

Grey = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

FAINTEST = 10  # grey levels of 255 between ink and paper
TONE = 0.06  # of the contrast: how far apart two greys are that count as one tone
WINDOW = 15  # pixels of 100, passed twice: wider than a stroke, narrower than a shadow
SPECK = 0.1  # of the largest part's ink


def background(grey: Grey) -> tuple[Grey, bool]:
    """Return the paper's grey under each pixel, and whether the picture is drawn in two tones.

    ``grey`` is float32 [h, w], 0 to 255, its longer side about 100. A drawing's paper is the tone
    that its border has more of. A photograph's paper is what is left when strokes are filled in.
    """
    tolerance = TONE * np.ptp(grey)
    light, dark = grey >= grey.max() - tolerance, grey <= grey.min() + tolerance
    if (light | dark).mean() > 0.5:
        tone = light if _weight(light) > _weight(dark) else dark
        return np.full_like(grey, np.median(grey[tone])), True
    smooth = _surface(grey)
    if np.abs(smooth - grey).max() < FAINTEST:  # light and shade alone
        return smooth, False
    return _fill_strokes(grey, dark=bool(((smooth - grey) ** 3).sum() > 0)), False


def otsu(values: Grey) -> float:
    """Return the threshold that parts ``values`` best into two classes (Otsu 1979)."""
    counts, edges = np.histogram(values, 256)
    below = np.cumsum(counts)[:-1]
    sums = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    whole, total = values.size, sums[-1]
    between = (total * below / whole - sums[:-1]) ** 2 / np.maximum(below * (whole - below), 1)
    return float(edges[int(np.argmax(between)) + 1])


def find_strokes(ink: Mask, coarse: int, keep_edges: bool) -> Mask:
    """Return ``ink`` [h, w] without specks and, unless ``keep_edges``, what touches the border.

    Parts are told apart on blocks of ``coarse`` x ``coarse`` pixels. What touches the border of a
    photograph (a table, the edge of the paper) goes only where something else is left.
    """
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % coarse), (0, -width % coarse)))
    blocks = padded.reshape(padded.shape[0] // coarse, coarse, -1, coarse).sum((1, 3))
    parts = _connected(blocks > 0)
    weights = [int(blocks[part].sum()) for part in parts]
    inside = [_is_inside(part, blocks.shape) for part in parts]
    most = max(weights, default=0)
    if keep_edges or most == 0 or not any(
        inner and weight > most / 50 for inner, weight in zip(inside, weights, strict=True)
    ):  # fmt: skip
        inside = [True] * len(parts)
    largest = max((w for w, inner in zip(weights, inside, strict=True) if inner), default=0)
    kept = np.zeros(blocks.shape, np.bool_)
    for part, weight, inner in zip(parts, weights, inside, strict=True):
        if inner and weight >= SPECK * largest:
            kept[part] = True
    return ink & kept.repeat(coarse, 0).repeat(coarse, 1)[:height, :width]


def _weight(tone: Mask) -> float:
    """Say how much of the border, and half as much of the whole, has a tone."""
    border = np.concatenate([tone[0], tone[-1], tone[1:-1, 0], tone[1:-1, -1]])
    return float(border.mean() + tone.mean() / 2)


def _surface(grey: Grey) -> Grey:
    """Fit a quadratic surface to the paper, leaving out, step by step, what does not fit."""
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
    """Close dark strokes, or open light ones, with a window wider than they are."""
    pixels = np.clip(grey, 0, 255).astype(np.uint8)
    first, second = (dilate, erode) if dark else (erode, dilate)
    for step in (first, first, second, second):
        pixels = step(pixels, WINDOW)
    image = Image.fromarray(pixels)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(4)), np.float32)


def _connected(mask: Mask) -> list[tuple[NDArray[np.intp], ...]]:
    """Return the parts of ``mask`` that hang together, diagonals included, as index arrays."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    parts = []
    while left:
        reached = [left.pop()]
        for y, x in reached:  # grows while it is walked
            for near in [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
                if near in left:
                    left.remove(near)
                    reached.append(near)
        parts.append(tuple(np.array(reached, np.intp).T))
    return parts


def _is_inside(part: tuple[NDArray[np.intp], ...], shape: tuple[int, ...]) -> bool:
    return all(
        bool(places.min() > 0 and places.max() < length - 1)
        for places, length in zip(part, shape, strict=True)
    )
