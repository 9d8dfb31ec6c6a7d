"""Light, fog and mud."""

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.evaluation.corruptions.smoothing import smooth
from mnist_trainer.evaluation.corruptions.types import Images, Random
from mnist_trainer.signature import SIDE

BRIGHTER = 0.5
FOG, FOG_DECAY = 3.0, 1.4**2  # times white; of its amplitude, from one scale to the next
FOG_SIDE = 32  # pixels: a power of two
LIQUID_MEAN, LIQUID_DEVIATION, LIQUID_SIGMA = 0.65, 0.3, 1.0  # grey, grey, pixels
DROP_SIGMA, THINNEST, MUD = 1.5, 0.8, 63 / 255  # pixels, opacity, grey


def brightness(images: Images, random: Random) -> Images:
    """Add the same to every pixel."""
    del random  # as all are brightened alike
    return np.asarray(np.minimum(images + np.float32(BRIGHTER), 1))


def fog(images: Images, random: Random) -> Images:
    """Lay a fractal fog over each image, and darken both to the image's range."""
    brightest = images.max(axis=(1, 2), keepdims=True)
    foggy = images + FOG * _plasma(len(images), random)[:, :SIDE, :SIDE]
    return np.asarray(foggy * brightest / (brightest + FOG), np.float32)


def spatter(images: Images, random: Random) -> Images:
    """Cover parts of each image with drops of dark mud."""
    liquid = random.standard_normal(images.shape, np.float32) * LIQUID_DEVIATION + LIQUID_MEAN
    wet = smooth(liquid, LIQUID_SIGMA) > LIQUID_MEAN
    opacity = smooth(wet.astype(np.float32), DROP_SIGMA)
    opacity[opacity < THINNEST] = 0
    return images * (1 - opacity) + np.float32(MUD) * opacity


def _plasma(count: int, random: Random) -> NDArray[np.float32]:
    """Return fractals, float32 [count, 32, 32] of 0 to 1, by the diamond-square algorithm.

    Each step halves the distance between the points that are known: the new ones are the mean of
    four neighbours, plus a random number. The edges wrap around.
    """
    points = np.zeros((count, FOG_SIDE, FOG_SIDE), np.float32)
    size, amplitude = FOG_SIDE, np.float32(1)

    def mean(four: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        noise = random.random(four[0].shape, np.float32) * 2 - 1
        return np.asarray(sum(four) / np.float32(4) + amplitude * noise, np.float32)

    while size > 1:
        half = size // 2
        corners = points[:, ::size, ::size]
        below = np.roll(corners, -1, 1)
        pairs = [corners, below, np.roll(corners, -1, 2), np.roll(below, -1, 2)]
        points[:, half::size, half::size] = middles = mean(pairs)
        above, left = np.roll(middles, 1, 1), np.roll(middles, 1, 2)
        points[:, ::size, half::size] = mean([corners, pairs[2], middles, above])
        points[:, half::size, ::size] = mean([corners, below, middles, left])
        size, amplitude = half, amplitude / np.float32(FOG_DECAY)
    points -= points.min(axis=(1, 2), keepdims=True)
    return np.asarray(points / points.max(axis=(1, 2), keepdims=True))
