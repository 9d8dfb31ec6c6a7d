"""Straight lines that are no digit's: the rules of paper, frames, and the edges of plots."""

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_api.imaging.mnist_form import measure_width
from mnist_api.imaging.segmentation.background import Mask
from mnist_api.imaging.segmentation.components import Labels, Window, label
from mnist_api.imaging.segmentation.shapes import ShapeError

PIECE = 0.12  # of the longer side: a rule consists of straight pieces of this length
WHOLE = 0.85  # of the picture's side: a rule
SIDE = 0.6  # of it: one of several rules
SLANT = 0.06  # of its length: how much a rule rises, with its own width
AREA = 0.15  # of the picture's: a rectangle around a digit has at least this
BAND = 0.05  # of a rectangle's sides: where its edges are
PANEL = 0.4  # of its area: the tone of a panel, of which a frame has less


def find_rules(mask: Mask) -> Mask:
    """Return the pixels of rules in ``mask``."""
    kept = np.zeros_like(mask)
    for rotated, target in ((mask, kept), (mask.T, kept.T)):
        lines, boxes = _find_straight(rotated)
        whole = [box for box in boxes if _length(box[1]) > WHOLE * rotated.shape[1]]
        if len(boxes) >= 3 or len(whole) >= 2 or (whole and (rotated & ~lines).any()):
            for box in boxes if len(boxes) >= 3 else whole:
                target[box] |= lines[box]
    return ndimage.maximum_filter(kept, 5) if kept.any() else kept


def _find_straight(mask: Mask) -> tuple[Mask, list[Window]]:
    """Return the pixels of almost horizontal lines, and their boxes."""
    piece = max(8, round(PIECE * max(mask.shape)))
    thick = ndimage.maximum_filter1d(mask.view(np.uint8), 3, axis=0)
    short = ndimage.minimum_filter1d(thick, piece, axis=1)
    if not short.any():
        return np.zeros_like(mask), []
    lines = ndimage.maximum_filter1d(short, piece + piece // 4, axis=1)
    labels = label(lines)
    kept = [
        (number, box)
        for number, box in enumerate(ndimage.find_objects(labels), 1)
        if _length(box[1]) > SIDE * mask.shape[1]
        and _length(box[0]) - 2 < max(3, SLANT * _length(box[1]))
    ]
    return np.isin(labels, [number for number, _ in kept]), [box for _, box in kept]


def find_panel(labels: Labels) -> Window | None:
    """Return the inside of a rectangle of another tone, such as a plot.

    It is a component, or, where a digit divides it, all components together.
    """
    (joint,) = ndimage.find_objects((labels > 0).astype(np.int8))
    for number, box in (*enumerate(ndimage.find_objects(labels), 1), (0, joint)):
        if _is_large(box, labels):
            part = labels[box] == number if number else labels[box] > 0
            if part.mean() > PANEL and _find_edges(part) > 0.5:
                inside = _find_inside(box, part)
                if _is_large(inside, labels):
                    return inside
    return None


def _find_inside(box: Window, part: Mask) -> Window:
    """Return the inside of a panel in ``box``, without the ticks of a plot around it."""
    inside = []
    for side, share in zip(box, (part.mean(1), part.mean(0)), strict=True):
        full = np.flatnonzero(share >= 0.5 * share.max())
        margin = 2 + len(share) // 60
        inside.append(slice(side.start + full[0] + margin, side.start + full[-1] + 1 - margin))
    return inside[0], inside[1]


def find_frame(labels: Labels) -> Window | None:
    """Return the inside of a rectangle of lines around other ink.

    Raises ShapeError for a square with nothing in it.
    """
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if not _is_large(box, labels):
            continue
        part = labels[box] == number
        if part.mean() > PANEL or _find_edges(part) < 0.9:
            continue
        width = 3 + int(1.3 * measure_width(part))
        bands = [max(width, round(BAND * side)) for side in part.shape]
        rows, columns = (
            slice(side.start + band, side.stop - band)
            for side, band in zip(box, bands, strict=True)
        )
        ink = np.flatnonzero((labels[rows, columns] > 0).any(1))
        if len(ink) and np.ptp(ink) > 0.3 * _length(rows):  # more than the bar of an angular 8
            return rows, columns
        if not len(ink) and 0.75 < part.shape[1] / part.shape[0] < 1.33:
            raise ShapeError("A square, no digit,")
    return None


def _is_large(box: Window, labels: Labels) -> bool:
    height, width = map(_length, box)
    return height * width > AREA * labels.size and 0.3 * width < height < width / 0.3


def _find_edges(part: Mask) -> float:
    """Return how much of the least of a rectangle's four edges is in ``part``, 0 to 1."""
    rows, columns = (max(3, round(BAND * side)) for side in part.shape)
    corners = [part[y, x].any() for y in _ends(rows) for x in _ends(columns)]
    edges = [part[y].any(0).mean() for y in _ends(rows)]
    edges += [part[:, x].any(1).mean() for x in _ends(columns)]
    return float(min(edges)) if all(corners) else 0


def _ends(length: int) -> tuple[slice, slice]:
    return slice(length), slice(-length, None)


def _length(side: slice) -> int:
    return int(side.stop - side.start)
