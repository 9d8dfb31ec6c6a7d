"""Connected components, and which of them are one digit's."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_api.imaging.segmentation.background import Grey, Mask
from mnist_api.imaging.segmentation.shapes import ShapeError

Labels = NDArray[np.int32]  # [h, w], the number of the component of each pixel, 0 for none
Window = tuple[slice, slice]
Box = tuple[int, int, int, int]  # top, bottom, left, right, the ends exclusive

MOST_DIGITS = 64  # as many as pictures in a form
MOST_COMPONENTS = 200  # larger ones first
GAP = 0.04  # of a digit's height: half of the distance between its parts
PIECE = 0.5  # of the height of a digit's largest part: others above or below are lower
ABOVE = 0.25  # of a digit's height: the distance between parts one above the other
TALL = 0.45  # of the height of the tallest digit: other digits have at least this
SMALLEST = 0.035  # of a photograph's longer side: a digit is longer
SMALLEST_PART = 0.02  # of it: a part of a digit is longer
SPECK = 0.02  # of the largest component's ink: less is dirt
STRAY = 0.4  # of the strongest component's contrast: fainter ones are not ink


class Strokes(NamedTuple):
    """One digit's pixels, bool [h, w] as the picture, and the box that they fill."""

    mask: Mask
    box: Window


class Parts(NamedTuple):
    """Components that can be a digit's, by number."""

    numbers: NDArray[np.intp]
    boxes: NDArray[np.intp]  # [n, (top, bottom, left, right)], the ends exclusive
    ink: Grey  # [n], the sum of their contrast


def label(mask: Mask) -> Labels:
    """Return the connected components of ``mask``, diagonal neighbours included."""
    labels: Labels = ndimage.label(mask, np.ones((3, 3)))[0]
    return labels


def find_groups(labels: Labels, levels: Grey, is_flat: bool) -> list[Strokes]:
    """Return the strokes of each digit, in the order in which one reads.

    ``levels`` is the contrast, as ``labels``. In a photograph, what touches the border, or is
    small for a picture of a digit, is left out. Raises ShapeError for too many.
    """
    parts = _find_parts(labels, levels, is_flat)
    if not len(parts.numbers):
        return []
    groups = _find_near(labels, parts)
    boxes = [_join(parts.boxes[group]) for group in groups]
    sizes = np.array([max(bottom - top, right - left) for top, bottom, left, right in boxes])
    ink = np.array([parts.ink[group].sum() for group in groups])
    smallest = 0 if is_flat else SMALLEST * max(labels.shape)
    kept = (sizes >= max(TALL * sizes.max(), smallest)) & (ink > 0.1 * ink.max())
    if np.count_nonzero(kept) > MOST_DIGITS:
        raise ShapeError(f"More than {MOST_DIGITS} digits, or a pattern,")
    digits = {i: boxes[i] for i in np.flatnonzero(kept).tolist()}
    return [
        Strokes(_select(labels, parts.numbers[groups[i]]), np.s_[top:bottom, left:right])
        for i, (top, bottom, left, right) in _sort(digits)
    ]


def _find_parts(labels: Labels, levels: Grey, is_flat: bool) -> Parts:
    boxes = np.array(
        [(y.start, y.stop, x.start, x.stop) for y, x in ndimage.find_objects(labels)]
    ).reshape(-1, 4)
    ink = np.bincount(labels.ravel(), levels.ravel())[1:].astype(np.float32)
    mean = ink / np.bincount(labels.ravel())[1:]
    inside = np.ones(len(boxes), np.bool_)
    if not is_flat:
        is_inner = np.all((boxes[:, ::2] > 0) & (boxes[:, 1::2] < labels.shape), axis=1)
        if is_inner.any() and ink[is_inner].max() > ink.max() / 50:
            inside = is_inner
        sizes = np.maximum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2])
        inside = inside & (sizes > SMALLEST_PART * max(labels.shape))
    kept = inside & (ink > SPECK * ink[inside].max(initial=0))
    kept &= mean >= STRAY * mean[inside].max(initial=0)
    order = np.flatnonzero(kept)[np.argsort(-ink[kept])][:MOST_COMPONENTS]
    return Parts(order + 1, boxes[order], ink[order])


def _find_near(labels: Labels, parts: Parts) -> list[NDArray[np.intp]]:
    """Return the parts of each digit: near one another, or one above the other."""
    top, bottom, left, right = parts.boxes.T
    tallest = max(np.max(bottom - top), np.max(right - left))
    gap = int(GAP * tallest)
    clusters = label(ndimage.maximum_filter(_select(labels, parts.numbers), 2 * gap + 1))
    cluster = np.zeros(labels.max() + 1, np.intp)
    cluster[labels.ravel()] = clusters.ravel()  # all pixels of a component have the same one
    near = np.equal.outer(cluster[parts.numbers], cluster[parts.numbers])
    overlap = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    distance = np.maximum.outer(top, top) - np.minimum.outer(bottom, bottom)
    narrower = np.minimum.outer(right - left, right - left)
    height = bottom - top
    is_piece = np.minimum.outer(height, height) < PIECE * np.maximum.outer(height, height)
    near |= is_piece & (overlap > narrower / 2) & (distance < ABOVE * tallest)
    first = np.arange(len(near))
    while (lowest := np.where(near, first, len(near)).min(1)).sum() < first.sum():
        first = lowest
    return [np.flatnonzero(first == number) for number in np.unique(first)]


def _select(labels: Labels, numbers: NDArray[np.intp]) -> Mask:
    kept = np.zeros(labels.max() + 1, np.bool_)
    kept[numbers] = True
    return kept[labels]


def _join(boxes: NDArray[np.intp]) -> Box:
    low, high = boxes.min(0), boxes.max(0)
    return int(low[0]), int(high[1]), int(low[2]), int(high[3])


def _sort(boxes: dict[int, Box]) -> list[tuple[int, Box]]:
    """Sort by lines, then from left to right; a digit is in a line that its middle is in."""
    lines: list[list[tuple[int, Box]]] = []
    for item in sorted(boxes.items(), key=lambda item: item[1][0] + item[1][1]):
        middle = (item[1][0] + item[1][1]) / 2
        if lines and middle < max(bottom for _, (_, bottom, _, _) in lines[-1]):
            lines[-1].append(item)
        else:
            lines.append([item])
    return [item for line in lines for item in sorted(line, key=lambda item: item[1][2])]
