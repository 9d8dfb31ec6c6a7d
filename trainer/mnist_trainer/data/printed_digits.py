"""Printed digits: further training images, of the fonts that ship with matplotlib.

Each has its own width, slant, rotation and weight, and MNIST's form.
"""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from numpy.typing import NDArray
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.data.digit_forms import Random
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.data.proportions import BOX, draw_shape
from mnist_trainer.signature import CLASSES, PIXELS, SIDE

FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif",
    "DejaVuSerif-Bold", "STIXGeneral", "STIXGeneralBol", "cmr10", "cmss10", "cmtt10",
)  # fmt: skip
SIZE, MARGIN = 64, 24  # pixels of a line of text, and round each digit
WEIGHT = 0.1, 1.3  # pixels by which an edge is moved outwards
NARROWEST = 0.5  # over the font's own width


def print_digits(count: int, seed: int) -> LabelledImages:
    """Return ``count`` images of digits, the classes in turn."""
    random = np.random.default_rng([seed, count])
    labels = (np.arange(count) % CLASSES).astype(np.uint8)
    images = np.empty((count, PIXELS), np.uint8)
    for index, label in enumerate(labels):
        distances = _measure_distances(int(label), FONTS[random.integers(len(FONTS))])
        images[index] = _print(distances, random, draw_shape(NARROWEST, random))
    return LabelledImages(images, labels)


@cache
def _measure_distances(digit: int, font: str) -> NDArray[np.float32]:
    """Return the distance of each pixel from the digit's edge, positive in the ink."""
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    glyph = FT2Font(str(file))
    glyph.set_size(SIZE, 72)
    glyph.set_text(str(digit))
    glyph.draw_glyphs_to_bitmap()
    ink = np.pad(np.asarray(glyph.get_image()) > 127, MARGIN)
    inside, outside = (ndimage.distance_transform_edt(each) for each in (ink, ~ink))
    return np.asarray(inside - outside, np.float32)


def _print(
    distances: NDArray[np.float32], random: Random, shape: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return uint8 [784]: ``distances`` mapped by ``shape``, with a random weight."""
    weight = random.uniform(*WEIGHT)
    y, x = np.nonzero(distances > 0)
    points = np.stack([x, y], -1) @ shape.T
    low, high = points.min(0), points.max(0)
    scale = (BOX - 2 * weight) / max(high - low)
    inverse = np.linalg.inv(shape) / scale
    step = scale * np.sqrt(np.linalg.det(shape))  # pixels of the image in one of the distances'
    pixels = np.mgrid[:SIDE, :SIDE][::-1].reshape(2, -1) - (SIDE - 1) / 2
    middle = ((low + high) / 2)[:, np.newaxis]

    def sample(offset: NDArray[np.float64]) -> NDArray[np.float64]:
        places = inverse @ (pixels + offset[:, np.newaxis] + scale * middle)
        found = ndimage.map_coordinates(distances, places[::-1], order=1, mode="nearest")
        return np.asarray(np.clip(found * step + weight + 0.5, 0, 1))

    ink = sample(np.zeros(2))
    ink = sample(pixels @ ink / ink.sum())
    return np.asarray(np.rint(255 * ink / ink.max()), np.uint8)
