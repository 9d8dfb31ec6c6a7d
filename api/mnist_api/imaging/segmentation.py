"""Segmentation: the digits in a picture, without frames, rules and specks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_api.imaging.contrast import FLAT, Contrast, Grey, Mask, find_contrast
from mnist_api.imaging.rules import find_rules
from mnist_api.imaging.shapes import ShapeError, check_shape

EVERY_NEIGHBOUR = np.ones((3, 3), np.bool_)
MOST_COMPONENTS = 200  # larger ones first
MOST_DIGITS = 64  # as many as pictures in a form
LEAST = {True: 0.2, False: 0.35}  # of the strongest contrast: where ink begins, if it is flat
FAINT = 0.5  # of it: where rules begin, in a photograph
PANEL = 0.15  # of the picture's area: a panel with a digit in it has at least this much
FILLED = 0.9  # of its box: how much of it a panel fills
GAP = 0.04  # of a digit's height: half of the distance between its parts
ABOVE = 0.25  # of a digit's height: the distance between parts one above the other
TALL = 0.45  # of the height of the tallest digit: other digits have at least this
SMALLEST = 0.02  # of a photograph's longer side: a part of a digit is longer
SPECK = 0.02  # of the largest component's ink: less is dirt
STRAY = 0.4  # of the strongest component's contrast: fainter ones are not ink

Window = tuple[slice, slice]
Placed = tuple[tuple[int, int, int, int], NDArray[np.intp]]  # a digit's box, and its components
ALL = (slice(None), slice(None))


class Region(NamedTuple):
    """A digit's ink, 0 to 1, float32 [h, w], and the place of its corner."""

    ink: Grey
    top: int
    left: int


class Parts(NamedTuple):
    """Connected components: their labels' image, and by number, box, height and ink."""

    labels: NDArray[np.int32]
    numbers: NDArray[np.intp]
    boxes: NDArray[np.intp]  # [n, (top, bottom, left, right)], the ends exclusive
    ink: Grey


def find_digits(grey: Grey, is_one: bool = False, flat: float = FLAT) -> list[Region]:
    """Return the digits in ``grey``, float32 [h, w], 0 to 255; none if there are none.

    They are in the order in which one reads. ``is_one`` says that all ink is one
    digit's; ``flat`` is as in find_contrast. Raises ShapeError for what can't be digits.
    """
    contrast = find_contrast(grey, flat)
    levels = np.maximum(contrast.levels, 0)
    smooth = ndimage.gaussian_filter(levels, 1) if max(grey.shape) > 100 else levels
    least = np.maximum(contrast.least, LEAST[contrast.is_flat] * smooth.max())
    mask = smooth > least
    if is_one and mask.any():
        return [_cut(mask, (0, 0), levels, contrast)]
    if contrast.is_flat and (panel := _find_panel(mask)):
        return _find_inside(grey, panel)
    rules, frame = find_rules(smooth > least * (1 if contrast.is_flat else FAINT))
    if frame and mask[frame].any():
        return _find_inside(grey, frame)
    mask &= ~rules
    if rules.any() and not contrast.is_flat:  # what is left of fainter rules
        mask &= smooth > np.percentile(smooth[rules], 75)
    parts = _find_parts(mask, smooth, contrast.is_flat)
    groups = _group(parts)
    if len(groups) > MOST_DIGITS:
        raise ShapeError(f"More than {MOST_DIGITS} digits, or a pattern,")
    return [_cut_parts(numbers, parts, levels, contrast) for numbers in groups]


def _find_inside(grey: Grey, window: Window) -> list[Region]:
    top, left = (side.start for side in window)
    return [Region(ink, y + top, x + left) for ink, y, x in find_digits(grey[window])]


def _find_panel(mask: Mask) -> Window | None:
    """Return the inside of a rectangle of another tone, such as a plot, that holds the digit."""
    labels, _ = ndimage.label(mask, EVERY_NEIGHBOUR)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        height, width = (side.stop - side.start for side in box)
        if height * width < PANEL * mask.size or min(height / width, width / height) < 0.3:
            continue
        part = labels[box] == number
        filled = ndimage.binary_fill_holes(part)
        if filled.mean() > FILLED and 0.4 < part.mean() < 0.99:
            margin = 2 + max(height, width) // 60
            rows, columns = (slice(side.start + margin, side.stop - margin) for side in box)
            return rows, columns
    return None


def _find_parts(mask: Mask, smooth: Grey, is_flat: bool) -> Parts:
    """Return the components that can be a digit's: not faint; in a photograph, inside of it."""
    labels, _ = ndimage.label(mask, EVERY_NEIGHBOUR)
    found = ndimage.find_objects(labels)
    boxes = np.array([(y.start, y.stop, x.start, x.stop) for y, x in found]).reshape(-1, 4)
    numbers = np.arange(1, len(boxes) + 1)
    ink = np.bincount(labels.ravel(), smooth.ravel())[1:].astype(np.float32)
    mean = ink / np.bincount(labels.ravel())[1:]
    height, width = mask.shape
    smallest = SMALLEST * max(mask.shape)
    inside = np.all((boxes[:, ::2] > 0) & (boxes[:, 1::2] < (height, width)), axis=1)
    if is_flat or not inside.any() or ink[inside].max() < ink.max() / 50:
        inside = np.ones(len(boxes), np.bool_)
    kept = (
        inside
        & (ink > SPECK * ink[inside].max(initial=0))
        & (is_flat | (np.maximum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]) > smallest))
        & (mean >= STRAY * mean[inside].max(initial=0))
    )
    order = np.flatnonzero(kept)[np.argsort(-ink[kept])][:MOST_COMPONENTS]
    return Parts(labels, numbers[order], boxes[order], ink[order])


def _group(parts: Parts) -> list[NDArray[np.intp]]:
    """Return the numbers of each digit's components, in the order in which one reads."""
    if not len(parts.numbers):
        return []
    top, bottom, left, right = parts.boxes.T
    tallest = max(np.max(bottom - top), np.max(right - left))
    near = _find_near(parts, int(GAP * tallest))
    overlap = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    distance = np.maximum.outer(top, top) - np.minimum.outer(bottom, bottom)
    narrower = np.minimum.outer(right - left, right - left)
    near |= (overlap > narrower / 2) & (distance < ABOVE * tallest)
    while (more := near @ near).sum() > near.sum():
        near = more
    groups = [np.flatnonzero(row) for row in np.unique(near, axis=0)]
    joined = [_join(parts.boxes[group]) for group in groups]
    sizes = [max(box[1] - box[0], box[3] - box[2]) for box in joined]
    largest = max(parts.ink[group].sum() for group in groups)
    digits = [
        (box, group)
        for box, group, size in zip(joined, groups, sizes, strict=True)
        if size >= TALL * max(sizes) and parts.ink[group].sum() > 0.1 * largest
    ]
    return [parts.numbers[group] for _, group in _sort(digits)]


def _find_near(parts: Parts, gap: int) -> Mask:
    """Return which components are at most two ``gap`` apart, bool [n, n]."""
    kept = _select(parts.labels, parts.numbers)
    wide = ndimage.maximum_filter(kept, 2 * gap + 1) if gap else kept
    clusters, _ = ndimage.label(wide, EVERY_NEIGHBOUR)
    cluster = np.zeros(parts.labels.max() + 1, np.intp)
    cluster[parts.labels.ravel()] = clusters.ravel()  # all pixels of a component have the same one
    return np.equal.outer(cluster[parts.numbers], cluster[parts.numbers])


def _select(labels: NDArray[np.int32], numbers: NDArray[np.intp], window: Window = ALL) -> Mask:
    kept = np.zeros(labels.max() + 1, np.bool_)
    kept[numbers] = True
    return kept[labels[window]]


def _join(boxes: NDArray[np.intp]) -> tuple[int, int, int, int]:
    low, high = boxes.min(0), boxes.max(0)
    return int(low[0]), int(high[1]), int(low[2]), int(high[3])


def _sort(digits: list[Placed]) -> list[Placed]:
    """Sort by lines, then from left to right; a digit is in a line that its middle is in."""
    lines: list[list[Placed]] = []
    for digit in sorted(digits, key=lambda digit: digit[0][0] + digit[0][1]):
        middle = (digit[0][0] + digit[0][1]) / 2
        if lines and middle < max(box[1] for box, _ in lines[-1]):
            lines[-1].append(digit)
        else:
            lines.append([digit])
    return [digit for line in lines for digit in sorted(line, key=lambda digit: digit[0][2])]


def _cut_parts(numbers: NDArray[np.intp], parts: Parts, levels: Grey, contrast: Contrast) -> Region:
    """Return the ink of a digit's components; other ink in its box is left out."""
    top, bottom, left, right = _join(parts.boxes[np.isin(parts.numbers, numbers)])
    window = np.s_[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]
    strokes = _select(parts.labels, numbers, window)
    check_shape(_select(parts.labels, numbers, np.s_[top:bottom, left:right]))
    corner = window[0].start, window[1].start
    return _cut(strokes, corner, levels[window], contrast)


def _cut(strokes: Mask, corner: tuple[int, int], levels: Grey, contrast: Contrast) -> Region:
    full = float(np.percentile(levels[strokes], 75))
    none = 0.05 * full if contrast.is_flat else 0.25 * full
    ink = np.clip((levels - none) / (full - none), 0, 1)
    return Region(np.where(ndimage.maximum_filter(strokes, 5), ink, 0), *corner)
