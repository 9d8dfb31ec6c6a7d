"""Pictures of digits, from a file to the network's input."""

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_api.imaging.contrast import FLAT, Grey, resize, to_grey
from mnist_api.imaging.decoder import WORKING_SIDE, decode
from mnist_api.imaging.memory_limit import limit_memory
from mnist_api.imaging.mnist_form import has_mnist_form, to_mnist_form
from mnist_api.imaging.picture_file import PictureError
from mnist_api.imaging.segmentation import Region, find_digits
from mnist_api.imaging.shapes import ShapeError

MAX_MEMORY = 200_000_000  # bytes while a picture is decoded, other threads and bodies included
SMALLEST_SIDE = 400  # pixels of the longer side, to which a smaller picture is enlarged
TINY = 32  # pixels of the longer side, up to which a picture holds no more than one digit
SMALL, SMALL_FLAT = 200, 0.1  # pixels, up to which it may be an enlarged one, without a flat tone
COUNTS = ("No digit", "One digit", "Two digits", "Three digits", "Four digits")
HOW = "send one digit, dark on light or light on dark."
Box = tuple[int, int, int, int]


class Digit(NamedTuple):
    """A digit as the network takes it, float32 [784], ink 0 to 1, and where it is.

    ``box`` is x, y, width and height in pixels of the picture, upright.
    """

    image: NDArray[np.float32]
    box: Box


def read_picture(
    content: bytes, lock: AbstractContextManager[None] | None = None
) -> NDArray[np.float32]:
    """Return the only digit in a PNG, JPEG, WebP or BMP file as float32 [784], ink 0 to 1.

    ``lock`` is held while the file is decoded. Raises PictureError, also for several digits.
    """
    digits = read_digits(content, lock)
    if len(digits) > 1:
        raise PictureError(_describe(digits))
    return digits[0].image


def read_digits(content: bytes, lock: AbstractContextManager[None] | None = None) -> list[Digit]:
    """Return all digits in a file, at least one, in the order in which one reads.

    ``lock`` is held while the file is decoded. Raises PictureError.
    """
    with lock or nullcontext(), limit_memory(MAX_MEMORY):
        colours, width, height = decode(content)
    grey = colours[..., 0] if colours.shape[-1] == 1 else to_grey(colours)
    for ink in (grey / 255, 1 - grey / 255):
        if has_mnist_form(ink):
            return [Digit(np.float32(ink).reshape(784), _find_box(ink))]
    longer, work = max(grey.shape), _scale(grey)
    try:
        regions = find_digits(
            work, longer <= TINY, 0 if longer <= TINY else SMALL_FLAT if longer <= SMALL else FLAT
        )
    except ShapeError as error:
        raise PictureError(f"{error} is in the picture: {HOW}") from error
    if not regions:
        raise PictureError(f"No digit stands out from the background: {HOW}")
    across, down = width / work.shape[1], height / work.shape[0]
    return [_convert(region, across, down) for region in regions]


def _scale(grey: Grey) -> Grey:
    """Return ``grey`` with a longer side for which the widths of strokes are constants."""
    longer = max(grey.shape)
    scale = min(max(longer, SMALLEST_SIDE), WORKING_SIDE) / longer
    if scale == 1:
        return grey
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    return np.clip(resize(grey, width, height), 0, 255)


def _convert(region: Region, across: float, down: float) -> Digit:
    x, y, width, height = _find_box(region.ink)
    left, top = (region.left + x) * across, (region.top + y) * down
    box = round(left), round(top), max(1, round(width * across)), max(1, round(height * down))
    return Digit(to_mnist_form(region.ink).reshape(784), box)


def _find_box(ink: Grey) -> Box:
    rows, columns = (np.flatnonzero((ink > 0.4).any(axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def _describe(digits: list[Digit]) -> str:
    """Say how many digits there are and how they lie."""
    (_, top, _, height), (_, other, _, _) = digits[0].box, digits[1].box
    place = "side by side" if len(digits) == 2 and other < top + height else ""
    count = COUNTS[len(digits)] if len(digits) < len(COUNTS) else f"{len(digits)} digits"
    return f"{count} {place or 'are in the picture'}: send one, or add ?all=true."
