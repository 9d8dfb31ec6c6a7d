"""Alterations of images that keep the class: narrow, thin, thick, or of few pixels."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.data.digit_forms import Random
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.signature import SIDE

SIDES = range(9, 16)  # pixels of a coarse image: a digit's longer side has 6 to 11 of them
ORDERS = 0, 1, 3  # of its enlargement: squares, bilinear, cubic
WIDTHS = np.arange(0.4, 0.85, 0.05)  # over an image's own
STROKES = np.ones((2, 2)), ndimage.generate_binary_structure(2, 1)  # add or take 1 or 2 pixels
LEAST_INK = 0.4  # of an image's own: what is thinned to less stays as it is

Images = NDArray[np.float32]  # [n, 28, 28], 0 to 1
Way = Callable[[Images, Random], Images]


def narrow(images: Images, random: Random) -> Images:
    """Reduce the width, each image's by a factor of its own."""
    widths = random.choice(WIDTHS, len(images))
    narrowed = np.empty_like(images)
    for width in WIDTHS:
        of_each = ndimage.zoom(np.eye(SIDE), (width, 1), order=1, grid_mode=True, mode="nearest")
        margin = SIDE - len(of_each)
        placed = np.pad(of_each, ((margin // 2, margin - margin // 2), (0, 0)))
        narrowed[widths == width] = images[widths == width] @ placed.T.astype(np.float32)
    return narrowed


def thin(images: Images, random: Random) -> Images:
    """Take one pixel or two off the strokes, unless too little would be left."""
    thinned = _change_strokes(images, ndimage.grey_erosion, random)
    lost = thinned.sum((1, 2)) < LEAST_INK * images.sum((1, 2))
    thinned[lost] = images[lost]
    return thinned


def thicken(images: Images, random: Random) -> Images:
    """Add one pixel or two to the strokes."""
    return _change_strokes(images, ndimage.grey_dilation, random)


def coarsen(images: Images, random: Random) -> Images:
    """Reduce each image to few pixels and enlarge it again; its brightest becomes white."""
    sides, orders = random.choice(SIDES, len(images)), random.choice(ORDERS, len(images))
    coarse = np.empty_like(images)
    for side in SIDES:
        for order in ORDERS:
            chosen = (sides == side) & (orders == order)
            turn = _resampling(side, order)
            coarse[chosen] = np.maximum(turn @ images[chosen] @ turn.T, 0)
    return np.asarray(coarse / np.maximum(coarse.max((1, 2), keepdims=True), 1e-6))


ALTERATIONS: tuple[Way, ...] = (narrow, thin, thicken, coarsen)


def alter(
    images: LabelledImages, share: float, random: Random, ways: Sequence[Way] = ALTERATIONS
) -> LabelledImages:
    """Alter a ``share`` of the images, each in one of the ``ways``."""
    chosen = random.integers(len(ways), size=len(images))
    chosen[random.random(len(images)) >= share] = -1
    if narrow in ways:  # a narrow 7 is a 1 with a flag
        instead = ways.index(thin) if thin in ways else -1
        chosen[(chosen == ways.index(narrow)) & (images.labels == 7)] = instead
    altered = images.images.copy()
    for number, way in enumerate(ways):
        before = LabelledImages(altered[chosen == number], images.labels[chosen == number])
        after = way(before.pixels().reshape(-1, SIDE, SIDE), random)
        altered[chosen == number] = np.rint(255 * after).reshape(before.images.shape)
    return LabelledImages(altered, images.labels)


def _change_strokes(images: Images, change: Callable[..., Any], random: Random) -> Images:
    changed = np.empty_like(images)
    kinds = random.integers(len(STROKES), size=len(images))
    for kind, footprint in enumerate(STROKES):
        chosen = kinds == kind
        changed[chosen] = change(images[chosen], footprint=footprint[np.newaxis])
    return changed


def _resampling(side: int, order: int) -> NDArray[np.float32]:
    """Return [28, 28]: the mean of what falls into each of ``side`` pixels, then enlarged."""
    shares = np.repeat(np.eye(SIDE), side, axis=1).reshape(SIDE, side, SIDE).sum(-1) / SIDE
    enlarge = ndimage.zoom(
        np.eye(side), (SIDE / side, 1), order=order, grid_mode=True, mode="nearest"
    )
    return np.asarray(enlarge @ shares.T, np.float32)
