"""Drawn digits: further training images, of forms and proportions that MNIST hardly has.

Each has its own width, slant, rotation and thickness, and MNIST's form: the longer side is 20
pixels, the centre of mass is in the middle of 28 x 28.
"""

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.alterations import alter, coarsen
from mnist_trainer.data.dataset import MNIST_SHA256, Dataset
from mnist_trainer.data.digit_forms import FORMS, Form, Random
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.data.printed_digits import print_digits
from mnist_trainer.data.proportions import BOX, draw_shape
from mnist_trainer.signature import CLASSES, PIXELS, SIDE

THICKNESS = 1.0, 7.0  # pixels
MOST_INK = 0.3  # thickness over the shorter side: more would close the holes
NARROWEST, NARROWEST_SEVEN = 0.3, 0.5  # over the form's own width; a narrower 7 is a 1
COARSE = 0.3  # share of the drawn digits that are made coarse
PRINTED = 0.3  # and that are printed

PIXEL_CENTRES = np.arange(SIDE, dtype=np.float32) + 0.5

Points = NDArray[np.float64]


def choose_training_images(
    data: Dataset, limit: int | None, drawn: float, seed: int, altered: float = 0.0
) -> LabelledImages:
    """Return the first ``limit`` training images, or all, and ``drawn`` digits for each of them.

    The share ``altered`` of the images is made narrow, thin, thick or coarse, and three in ten of
    the digits are made coarse. Other data than MNIST are left as they are: their labels may mean
    something else.
    """
    images = data.train.first(limit or len(data.train))
    if data.digest != MNIST_SHA256:
        return images
    random = np.random.default_rng([seed, len(images)])
    count = round(drawn * len(images))
    printed = round(PRINTED * count)
    digits = draw_digits(count - printed, seed).joined(print_digits(printed, seed))
    digits = alter(digits, COARSE, random, ways=(coarsen,))
    return alter(images, altered, random).joined(digits)


def draw_digits(count: int, seed: int) -> LabelledImages:
    """Return ``count`` images of digits, the classes in turn."""
    random = np.random.default_rng([seed, count])
    labels = (np.arange(count) % CLASSES).astype(np.uint8)
    images = np.empty((count, PIXELS), np.uint8)
    for index, label in enumerate(labels):
        forms = FORMS[label]
        images[index] = draw_digit(int(label), forms[random.integers(len(forms))], random)
    return LabelledImages(images, labels)


def draw_digit(digit: int, form: Form, random: Random) -> NDArray[np.uint8]:
    """Return uint8 [784], a ``digit`` of one of its forms."""
    shape = draw_shape(NARROWEST_SEVEN if digit == 7 else NARROWEST, random)
    strokes = [np.array(stroke) @ shape.T for stroke in form(random)]
    return _render(strokes, random, is_line=digit == 1)


def _render(strokes: list[Points], random: Random, is_line: bool) -> NDArray[np.uint8]:
    """Return uint8 [784]; a digit that is one line may be thicker than it would be wide."""
    points = np.concatenate(strokes)
    low, high = points.min(0), points.max(0)
    along = np.linalg.svd(points - points.mean(0), full_matrices=False)[2]  # principal axes
    narrow = BOX * np.ptp(points @ along.T, axis=0).min() / max(high - low)
    thinnest, thickest = THICKNESS
    if not is_line:
        thickest = min(thickest, MOST_INK * narrow + 1)
    thickness = random.uniform(thinnest, thickest)
    scale = (BOX - thickness) / max(high - low)
    begins = np.concatenate([(one[:-1] - low) * scale for one in strokes])
    ends = np.concatenate([(one[1:] - low) * scale for one in strokes])
    offset = SIDE / 2 - (high - low) * scale / 2
    ink = _draw(begins + offset, ends + offset, thickness)
    offset += SIDE / 2 - np.array([PIXEL_CENTRES @ ink.sum(axis) for axis in (0, 1)]) / ink.sum()
    ink = _draw(begins + offset, ends + offset, thickness)
    return np.asarray(np.rint(255 * ink), np.uint8).reshape(PIXELS)


def _draw(begins: Points, ends: Points, thickness: float) -> NDArray[np.float32]:
    """Return [28, 28], the ink of lines between points [n, 2]; their edges are a pixel wide."""
    # float32, x and y apart instead of an axis of two numbers, lines first: ten times as fast
    x, y = begins.T.astype(np.float32)[..., np.newaxis, np.newaxis]
    right, down = (ends - begins).T.astype(np.float32)[..., np.newaxis, np.newaxis]
    x, y = PIXEL_CENTRES - x, PIXEL_CENTRES[:, np.newaxis] - y  # from each line's begin
    share = np.clip((x * right + y * down) / np.maximum(right**2 + down**2, 1e-9), 0, 1)
    squared = ((x - share * right) ** 2 + (y - share * down) ** 2).min(0)
    return np.asarray(np.clip(thickness / 2 + 0.5 - np.sqrt(squared), 0, 1))
