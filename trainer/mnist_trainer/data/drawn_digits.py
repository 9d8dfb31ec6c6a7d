"""Drawn digits: further training images, of forms and proportions that MNIST hardly has.

Each has its own width, slant, rotation and thickness, and MNIST's form: the longer side is 20
pixels, the centre of mass is in the middle of 28 x 28.
"""

import math

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.dataset import MNIST_SHA256, Dataset
from mnist_trainer.data.digit_forms import FORMS, Random, Strokes
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.signature import CLASSES, PIXELS, SIDE

BOX = 20  # pixels of the longer side
THICKNESS = 1.3, 6.5  # pixels
MOST_INK = 0.3  # thickness over the shorter side: more would close the holes
WIDTH = 0.3, 1.1  # over the form's own
NARROWEST_SEVEN = 0.5  # a narrower one is a 1
SLANT = -0.25, 0.35
ROTATION = 0.08  # standard deviation, radians

Points = NDArray[np.float64]


def choose_training_images(
    data: Dataset, limit: int | None, drawn: float, seed: int
) -> LabelledImages:
    """Return the first ``limit`` training images, or all, and ``drawn`` digits for each of them.

    No digits are added to other data than MNIST: its labels may mean something else.
    """
    images = data.train.first(limit or len(data.train))
    if data.digest != MNIST_SHA256:
        return images
    return images.joined(draw_digits(round(drawn * len(images)), seed))


def draw_digits(count: int, seed: int) -> LabelledImages:
    """Return ``count`` images of digits, the classes in turn."""
    random = np.random.default_rng([seed, count])
    labels = (np.arange(count) % CLASSES).astype(np.uint8)
    images = np.empty((count, PIXELS), np.uint8)
    for index, label in enumerate(labels):
        forms = FORMS[label]
        narrowest = NARROWEST_SEVEN if label == 7 else WIDTH[0]
        strokes = _distort(forms[random.integers(len(forms))](random), random, narrowest)
        images[index] = _render(strokes, random, is_line=label == 1)
    return LabelledImages(images, labels)


def _distort(strokes: Strokes, random: Random, narrowest: float) -> list[Points]:
    width = math.exp(random.uniform(math.log(narrowest), math.log(WIDTH[1])))
    slant, angle = random.uniform(*SLANT), random.normal(0, ROTATION)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    shape = turn @ np.array([[width, -slant], [0, 1]])
    return [np.array(stroke) @ shape.T for stroke in strokes]


def _render(strokes: list[Points], random: Random, is_line: bool) -> NDArray[np.uint8]:
    """Return uint8 [784]; a digit that is one line may be thicker than it would be wide."""
    points = np.concatenate(strokes)
    low, high = points.min(0), points.max(0)
    narrow = BOX * min(high - low) / max(high - low)
    thinnest, thickest = THICKNESS
    if not is_line:
        thickest = min(thickest, MOST_INK * narrow + 1)
    thickness = random.uniform(thinnest, thickest)
    scale = (BOX - thickness) / max(high - low)
    begins = np.concatenate([(one[:-1] - low) * scale for one in strokes])
    ends = np.concatenate([(one[1:] - low) * scale for one in strokes])
    offset = SIDE / 2 - (high - low) * scale / 2
    ink = _draw(begins + offset, ends + offset, thickness)
    rows, columns = np.mgrid[:SIDE, :SIDE].reshape(2, -1) + 0.5
    offset += SIDE / 2 - np.array([columns @ ink, rows @ ink]) / ink.sum()
    ink = _draw(begins + offset, ends + offset, thickness)
    return np.asarray(np.rint(255 * ink), np.uint8)


def _draw(begins: Points, ends: Points, thickness: float) -> NDArray[np.float64]:
    """Return [784], the ink of lines between points [n, 2]; their edges are a pixel wide."""
    y, x = np.mgrid[:SIDE, :SIDE].reshape(2, -1) + 0.5
    pixels = np.stack([x, y], -1)[:, np.newaxis]
    along = ends - begins
    length = np.maximum((along**2).sum(-1), 1e-9)
    share = np.clip(((pixels - begins) * along).sum(-1) / length, 0, 1)
    nearest = begins + share[..., np.newaxis] * along
    distance: Points = np.linalg.norm(pixels - nearest, axis=-1).min(-1)
    return np.clip(thickness / 2 + 0.5 - distance, 0, 1)
