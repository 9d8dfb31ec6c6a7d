"""Pictures of digits, from a file to the network's input."""

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mnist_api.imaging.decoding.decoder import Decoded, decode
from mnist_api.imaging.grey import to_grey
from mnist_api.imaging.memory_limit import limit_memory
from mnist_api.imaging.mnist_form import find_ink, has_mnist_form, to_mnist_form
from mnist_api.imaging.picture_file import PictureError
from mnist_api.imaging.segmentation.background import Part
from mnist_api.imaging.segmentation.blocks import TINY
from mnist_api.imaging.segmentation.digits import FLAT, PANEL_FLAT, find_digits
from mnist_api.imaging.segmentation.shapes import ShapeError
from mnist_api.imaging.steps import Box, Step, draw_boxes

MAX_MEMORY = 200_000_000  # bytes while a picture is decoded, other threads and bodies included
SMALL = 200  # pixels, up to which it may be a tiny one, enlarged, and without a flat tone
COUNTS = ("No digit", "One digit", "Two digits", "Three digits", "Four digits")
HOW = "send one digit, dark on light or light on dark."


class Digit(NamedTuple):
    """A digit as the network takes it, float32 [784], ink 0 to 1, and where it is.

    ``box`` is x, y, width and height in pixels of the picture, upright.
    """

    image: NDArray[np.float32]
    box: Box


def read_picture(
    content: bytes, lock: AbstractContextManager[None] | None = None
) -> NDArray[np.float32]:
    """Return the image of the only digit in a file; see read_digit."""
    return read_digit(content, lock).image


def read_digit(
    content: bytes,
    lock: AbstractContextManager[None] | None = None,
    steps: list[Step] | None = None,
) -> Digit:
    """Return the only digit in a PNG, JPEG, WebP or BMP file; see read_digits.

    Raises PictureError, also for several digits.
    """
    digits = read_digits(content, lock, steps)
    if len(digits) > 1:
        raise PictureError(_describe(digits))
    if steps is not None:
        pixels = np.rint(255 * digits[0].image).astype(np.uint8).reshape(28, 28)
        steps.append(Step("digit", Image.fromarray(pixels)))
    return digits[0]


def read_digits(
    content: bytes,
    lock: AbstractContextManager[None] | None = None,
    steps: list[Step] | None = None,
) -> list[Digit]:
    """Return all digits in a file, at least one, in the order in which one reads.

    ``lock`` is held while the file is decoded; ``steps`` gets what is seen meanwhile. Raises
    PictureError.
    """
    with lock or nullcontext(), limit_memory(MAX_MEMORY):
        picture = decode(content)
    try:
        digits = _find_digits(picture, steps)
    except ShapeError as error:
        raise PictureError(f"{error} is in the picture: {HOW}") from error
    if steps is not None:
        boxes = [digit.box for digit in digits]
        steps.append(Step("found", draw_boxes(picture.image, picture.width, boxes)))
    if not digits:
        raise PictureError(f"No digit stands out from the background: {HOW}")
    return digits


def _find_digits(picture: Decoded, steps: list[Step] | None) -> list[Digit]:
    image, width, height = picture
    grey = to_grey(image)
    ink = np.asarray(grey, np.float32) / 255
    for one in (ink, 1 - ink):
        if has_mnist_form(one):
            y, x = find_ink(one)
            box = x.start, y.start, x.stop - x.start, y.stop - y.start
            return [Digit(one.astype(np.float32).reshape(784), box)]
    is_tiny = max(image.size) <= TINY
    flat = 0 if is_tiny else PANEL_FLAT if max(image.size) <= SMALL else FLAT
    regions = find_digits(ImageOps.autocontrast(grey) if is_tiny else grey, is_tiny, flat, steps)
    return [
        Digit(to_mnist_form(ink).reshape(784), _find_box(part, width, height))
        for ink, part in regions
    ]


def _find_box(part: Part, width: int, height: int) -> Box:
    left, top, right, bottom = (round(edge * (width, height)[i % 2]) for i, edge in enumerate(part))
    return left, top, max(1, right - left), max(1, bottom - top)


def _describe(digits: list[Digit]) -> str:
    """Say how many digits there are and how they lie."""
    (_, top, _, height), (_, other, _, _) = digits[0].box, digits[1].box
    place = "side by side" if len(digits) == 2 and other < top + height else ""
    count = COUNTS[len(digits)] if len(digits) < len(COUNTS) else f"{len(digits)} digits"
    return f"{count} {place or 'are in the picture'}: send one, or add ?all=true."
