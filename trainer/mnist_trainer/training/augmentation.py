"""Augmentation: a random elastic distortion and affine map for each image at each step.

After Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to
visual document analysis" (2003). The field is a sum of cosines (a two-dimensional DCT), so that
the sampling positions of a whole batch are one matrix product.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from mnist_trainer.signature import SIDE
from mnist_trainer.training.recipes import Recipe

EDGE = SIDE + 1  # positions of a pixel and its right and lower neighbour, border included
CENTRE = (SIDE - 1) / 2
WAVES = 6  # cosines in each direction; higher frequencies would break strokes
SMOOTHNESS = 5.5  # pixels; standard deviation of the Gaussian in the paper
COEFFICIENTS = WAVES * WAVES - 1 + 3  # the cosines but the constant one, then x, y, 1


def basis() -> NDArray[np.float32]:
    """Return [38, 784]: what each coefficient adds to the position from which a pixel is sampled.

    The first 35 rows are cosines; with independent N(0, 1) coefficients their sum waves a pixel
    by 1 in the root mean square. The last three are x, y and 1, with the centre as origin.
    """
    pixels = np.arange(SIDE)
    frequencies = np.arange(WAVES)
    cosines = np.cos(np.pi * np.outer(frequencies, pixels + 0.5) / SIDE)
    damping = np.exp(-((SMOOTHNESS * np.pi * frequencies / SIDE) ** 2) / 2)
    damped = cosines * damping[:, None]
    waves = np.einsum("ky,lx->klyx", damped, damped).reshape(-1, SIDE * SIDE)[1:]
    waves /= np.sqrt(np.mean(np.sum(waves**2, axis=0)))
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE) - np.array([[CENTRE], [CENTRE]])
    return np.concatenate([waves, [x, y, np.ones_like(x)]]).astype(np.float32)


def draw_coefficients(recipe: Recipe, count: int, seed: Any) -> Any:
    """Return coefficients [count, 2, 38] for the x and y positions of ``count`` images.

    ``seed`` is an int32 tensor [2]; the same seed draws the same distortions.
    """
    waves = tf.random.stateless_normal([count, 2, COEFFICIENTS - 3], seed) * recipe.elastic
    uniform = tf.random.stateless_uniform([6, count], seed + tf.constant([0, 1]), -1.0, 1.0)
    angle = uniform[0] * math.radians(recipe.rotation)
    width, height = 1 + uniform[1] * recipe.scale, 1 + uniform[2] * recipe.scale
    slant, right, down = (
        uniform[3] * recipe.shear,
        uniform[4] * recipe.shift,
        uniform[5] * recipe.shift,
    )
    sin, cos = tf.sin(angle), tf.cos(angle)
    from_x = tf.stack([cos * width, cos * slant - sin * height, right], axis=1)
    from_y = tf.stack([sin * width, sin * slant + cos * height, down], axis=1)
    return tf.concat([waves, tf.stack([from_x, from_y], axis=1)], axis=2)


def sampling_positions(coefficients: Any, basis: Any) -> Any:
    """Return from where each pixel is sampled, [n, 2, 784], in pixels from the centre."""
    flat = tf.reshape(coefficients, [-1, COEFFICIENTS]) @ basis
    return tf.reshape(flat, [-1, 2, SIDE * SIDE])


def pack(images: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return uint8 ``images`` [n, 784] as int32 [n, 841], with a border of 0 around each.

    Each number holds a pixel and its neighbours to the right, below and between: bilinear sampling
    gathers one number instead of four.
    """
    padded = np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    four = padded[:, :-1, :-1], padded[:, :-1, 1:], padded[:, 1:, :-1], padded[:, 1:, 1:]
    return np.stack(four, axis=-1).view("<i4").reshape(-1, EDGE * EDGE)


# Compiled by XLA: one pass over memory instead of thirty. SciPy's map_coordinates samples the same
# in 48 ms a batch of 512 images, this in 4 ms; a whole training step takes 5 ms.
@tf.function(jit_compile=True)  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def warp(packed: Any, positions: Any) -> Any:
    """Sample ``packed`` images [n, 841] bilinearly at ``positions`` [n, 2, 784] from the centre.

    Returns float32 [n, 784], 0 to 1; what lies outside an image is 0.
    """
    position = tf.clip_by_value(positions + (CENTRE + 1), 0.0, EDGE - 1e-3)
    corner = tf.floor(position)
    x, y = tf.unstack(position - corner, axis=1)
    column, row = tf.unstack(tf.cast(corner, tf.int32), axis=1)
    found = tf.gather(packed, row * EDGE + column, batch_dims=1)
    four = [tf.cast(tf.bitwise.right_shift(found, 8 * i) & 255, tf.float32) for i in range(4)]
    upper, lower = four[0] + x * (four[1] - four[0]), four[2] + x * (four[3] - four[2])
    return (upper + y * (lower - upper)) / 255
