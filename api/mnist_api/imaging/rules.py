"""Rules: the straight lines of ruled and squared paper, of tables and of frames."""

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_api.imaging.contrast import Mask

PIECE = 0.12  # of the longer side: a rule consists of straight pieces of this length
WHOLE = 0.85  # of the picture's side: a rule
SIDE = 0.35  # of it: a side of a frame, or one of several rules
SLANT = 0.06  # of its length: how much a rule rises, with its own width
CORNER = 0.04  # of the longer side: how far the sides of a frame are from its corners

Window = tuple[slice, slice]


def find_rules(mask: Mask) -> tuple[Mask, Window | None]:
    """Return the pixels of rules in ``mask``, and the inside of a frame if they are one."""
    piece = max(8, round(PIECE * max(mask.shape)))
    rows, across = _find_straight(mask, piece)
    columns, down = _find_straight(mask.T, piece)
    columns = columns.T
    boxes = [(y, x) for y, x in across], [(y, x) for x, y in down]
    none = np.zeros_like(mask)
    frame = _find_frame(*boxes, CORNER * max(mask.shape))
    if frame:
        return rows | columns, frame
    kept = none
    for lines, found, axis in ((rows, boxes[0], 1), (columns, boxes[1], 0)):
        whole = [box for box in found if _length(box[axis]) > WHOLE * mask.shape[axis]]
        if len(found) >= 3 or len(whole) >= 2 or (whole and (mask & ~lines).any()):
            for box in found if len(found) >= 3 else whole:
                kept[box] |= lines[box]
    return ndimage.binary_dilation(kept, np.ones((3, 3)), 2) if kept.any() else kept, None


def _find_straight(mask: Mask, piece: int) -> tuple[Mask, list[Window]]:
    """Return the pixels of almost horizontal lines, and their boxes."""
    thick = ndimage.maximum_filter1d(mask.view(np.uint8), 3, axis=0)
    short = ndimage.minimum_filter1d(thick, piece, axis=1)
    if not short.any():
        return np.zeros_like(mask), []
    lines = ndimage.maximum_filter1d(short, piece + piece // 4, axis=1)
    labels, _ = ndimage.label(lines, np.ones((3, 3)))
    kept = [
        (number, box)
        for number, box in enumerate(ndimage.find_objects(labels), 1)
        if _length(box[1]) > SIDE * mask.shape[1]
        and _length(box[0]) - 2 < max(3, SLANT * _length(box[1]))
    ]
    return np.isin(labels, [number for number, _ in kept]), [box for _, box in kept]


def _find_frame(across: list[Window], down: list[Window], corner: float) -> Window | None:
    if len(across) < 2 or len(down) < 2:
        return None
    top, bottom = min(across, key=lambda box: box[0].start), max(across, key=lambda b: b[0].stop)
    left, right = min(down, key=lambda box: box[1].start), max(down, key=lambda b: b[1].stop)
    distances = [
        abs(one - other)
        for line in (top, bottom)
        for one, other in ((line[1].start, left[1].start), (line[1].stop, right[1].stop))
    ] + [
        abs(one - other)
        for line in (left, right)
        for one, other in ((line[0].start, top[0].start), (line[0].stop, bottom[0].stop))
    ]
    if max(distances) > corner or len(across) + len(down) > 8:
        return None
    return (
        slice(top[0].stop + 2, max(top[0].stop + 3, bottom[0].start - 2)),
        slice(left[1].stop + 2, max(left[1].stop + 3, right[1].start - 2)),
    )


def _length(side: slice) -> int:
    return int(side.stop - side.start)
