"""Affine maps about the image's centre, and shifts, each in a random one of its directions."""

import math

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.evaluation.corruptions.types import Images, Random
from mnist_trainer.signature import SIDE

ANGLE = 0.4  # radians, of the rotation and the shear
SHRUNK = 0.7  # of the size
SHIFT = 3  # pixels, in both directions


def shear(images: Images, random: Random) -> Images:
    """Slant to the left or to the right."""
    slants = [np.array([[1, -math.sin(a)], [0, math.cos(a)]]) for a in (ANGLE, -ANGLE)]
    return _warp_either(images, slants, random)


def scale(images: Images, random: Random) -> Images:
    """Shrink."""
    del random  # as all are shrunk alike
    return _warp(images, np.eye(2) / SHRUNK)


def rotate(images: Images, random: Random) -> Images:
    """Rotate to the left or to the right."""
    sin, cos = math.sin(ANGLE), math.cos(ANGLE)
    return _warp_either(images, [np.array([[cos, s], [-s, cos]]) for s in (sin, -sin)], random)


def translate(images: Images, random: Random) -> Images:
    """Move by whole pixels; what leaves the image is cut off."""
    padded = np.pad(images, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
    moved = np.empty_like(images)
    down, right = random.integers(2, size=(2, len(images)))
    for top in (0, 1):
        for left in (0, 1):
            chosen = (down == top) & (right == left)
            y, x = 2 * SHIFT * top, 2 * SHIFT * left
            moved[chosen] = padded[chosen, y : y + SIDE, x : x + SIDE]
    return moved


def _warp_either(images: Images, matrices: list[NDArray[np.float64]], random: Random) -> Images:
    second = random.random(len(images)) < 0.5
    warped = _warp(images, matrices[0])
    warped[second] = _warp(images[second], matrices[1])
    return warped


def _warp(images: Images, matrix: NDArray[np.float64]) -> Images:
    """Sample bilinearly at ``matrix`` times each pixel's (x, y) from the centre; 0 is outside."""
    centre = (SIDE - 1) / 2
    y, x = np.mgrid[:SIDE, :SIDE].reshape(2, -1) - centre
    place = np.clip(matrix @ [x, y] + centre + 1, 0, SIDE + 1 - 1e-6)  # in the padded image
    corner = place.astype(int)
    right, down = (place - corner).astype(np.float32)
    edge = SIDE + 2
    flat = np.pad(images, ((0, 0), (1, 1), (1, 1))).reshape(len(images), -1)
    first = corner[1] * edge + corner[0]
    upper = flat[:, first] * (1 - right) + flat[:, first + 1] * right
    lower = flat[:, first + edge] * (1 - right) + flat[:, first + edge + 1] * right
    return np.asarray(upper * (1 - down) + lower * down).reshape(images.shape)
