"""Blurs: glass shuffles neighbouring pixels, motion smears them in one direction."""

import math

import numpy as np

from mnist_trainer.evaluation.corruptions.smoothing import smooth
from mnist_trainer.evaluation.corruptions.types import Images, Random
from mnist_trainer.signature import SIDE

GLASS_SIGMA, GLASS_PASSES = 0.7, 2  # pixels; each pass visits every pixel
MOTION_REACH, MOTION_SIGMA = 10, 3.0  # pixels
LARGEST_ANGLE = 45  # degrees from the horizontal


def glass_blur(images: Images, random: Random) -> Images:
    """Smooth, exchange half of the pixels with a neighbour, smooth again."""
    # Pixel by pixel, as one exchange follows on another; all images at once
    pixels = smooth(images, GLASS_SIGMA).reshape(len(images), -1).T.copy()
    every = np.arange(len(images))
    steps = np.array([0, 0, 0, 0, 0, 1, SIDE, SIDE + 1])  # to the left, above, or both
    for _ in range(GLASS_PASSES):
        for row in range(SIDE - 1, 1, -1):
            for column in range(SIDE - 1, 1, -1):
                here = row * SIDE + column
                there = here - steps[random.integers(len(steps), size=len(images), dtype=np.uint8)]
                other = pixels[there, every]
                pixels[there, every] = pixels[here]
                pixels[here] = other
    return smooth(np.ascontiguousarray(pixels.T).reshape(images.shape), GLASS_SIGMA)


def motion_blur(images: Images, random: Random) -> Images:
    """Smear each image in a direction of its own, from where it is outwards."""
    angles = random.integers(-LARGEST_ANGLE, LARGEST_ANGLE + 1, len(images))
    blurred = np.empty_like(images)
    for angle in np.unique(angles):
        blurred[angles == angle] = _smear(images[angles == angle], math.radians(angle))
    return blurred


def _smear(images: Images, angle: float) -> Images:
    """Return the sum of ``images`` moved step by step, with the weights of half a Gaussian."""
    weights = np.exp(-(np.arange(MOTION_REACH, dtype=np.float32) ** 2) / (2 * MOTION_SIGMA**2))
    weights /= weights.sum()
    margin = ((0, 0), (MOTION_REACH, MOTION_REACH), (MOTION_REACH, MOTION_REACH))
    padded = np.pad(images, margin, mode="edge")
    smeared = np.zeros_like(images)
    for step, weight in enumerate(weights):
        top = MOTION_REACH + round(step * math.sin(angle))
        left = MOTION_REACH + round(step * math.cos(angle))
        smeared += weight * padded[:, top : top + SIDE, left : left + SIDE]
    return smeared
