"""Noise of single pixels."""

import numpy as np

from mnist_trainer.evaluation.corruptions.types import Images, Random

PHOTONS = 3  # that a white pixel receives on average
SHARE = 0.17  # of the pixels that become black or white


def shot_noise(images: Images, random: Random) -> Images:
    """Draw each pixel from a Poisson distribution, as in a camera's image with little light."""
    return (random.poisson(PHOTONS * images) / PHOTONS).astype(np.float32)


def impulse_noise(images: Images, random: Random) -> Images:
    """Make random pixels black or white, as broken ones of a camera are."""
    drawn = random.random(images.shape, np.float32)
    return np.where(drawn < SHARE, drawn < SHARE / 2, images).astype(np.float32)
