"""Every image distorted afresh at every step: a smooth displacement field and an affine map.

After Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to
visual document analysis" (2003). The field is a sum of cosines (a two-dimensional DCT), so that
the sampling places of a whole batch are one matrix product.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from mnist_trainer.signature import SIDE
from mnist_trainer.training.recipes import Recipe

EDGE = SIDE + 1  # places a side where a pixel and its neighbours lie, the border's included
CENTRE = (SIDE - 1) / 2
WAVES = 6  # cosines a direction; faster ones would tear strokes apart
SMOOTHNESS = 5.5  # pixels; the deviation of the Gaussian that would have blurred white noise
TERMS = WAVES * WAVES - 1 + 3  # the cosines but the constant one, then x, y, 1


def basis() -> NDArray[np.float32]:
    """Return [38, 784]: what each coefficient adds to the place a pixel is taken from.

    The first 35 rows are cosines; with independent N(0, 1) coefficients their sum moves a pixel
    by 1 in the root mean square. The last three are x, y and 1, seen from the centre.
    """
    pixels = np.arange(SIDE)
    speeds = np.arange(WAVES)
    cosines = np.cos(np.pi * np.outer(speeds, pixels + 0.5) / SIDE)
    damping = np.exp(-((SMOOTHNESS * np.pi * speeds / SIDE) ** 2) / 2)
    damped = cosines * damping[:, None]
    waves = np.einsum("ky,lx->klyx", damped, damped).reshape(-1, SIDE * SIDE)[1:]
    waves /= np.sqrt(np.mean(np.sum(waves**2, axis=0)))
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE) - np.array([[CENTRE], [CENTRE]])
    return np.concatenate([waves, [x, y, np.ones_like(x)]]).astype(np.float32)


def draw(recipe: Recipe, count: int, seed: Any) -> Any:
    """Return coefficients [count, 2, 38] for the x and y places of ``count`` images.

    ``seed`` is an int32 tensor [2]; the same seed draws the same distortions.
    """
    moves = tf.random.stateless_normal([count, 2, TERMS - 3], seed) * recipe.elastic
    drawn = tf.random.stateless_uniform([6, count], seed + tf.constant([0, 1]), -1.0, 1.0)
    angle = drawn[0] * math.radians(recipe.rotation)
    width, height = 1 + drawn[1] * recipe.scale, 1 + drawn[2] * recipe.scale
    lean, right, down = drawn[3] * recipe.shear, drawn[4] * recipe.shift, drawn[5] * recipe.shift
    sin, cos = tf.sin(angle), tf.cos(angle)
    from_x = tf.stack([cos * width, cos * lean - sin * height, right], axis=1)
    from_y = tf.stack([sin * width, sin * lean + cos * height, down], axis=1)
    return tf.concat([moves, tf.stack([from_x, from_y], axis=1)], axis=2)


def places(coefficients: Any, basis: Any) -> Any:
    """Return where each pixel is taken from, [n, 2, 784], in pixels from the centre."""
    flat = tf.reshape(coefficients, [-1, TERMS]) @ basis
    return tf.reshape(flat, [-1, 2, SIDE * SIDE])


def pack(images: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return uint8 ``images`` [n, 784] as int32 [n, 841], with a border of 0 around each.

    Each number holds a pixel and its neighbours to the right, below and between: bilinear sampling
    looks up one number instead of four.
    """
    padded = np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    four = padded[:, :-1, :-1], padded[:, :-1, 1:], padded[:, 1:, :-1], padded[:, 1:, 1:]
    return np.stack(four, axis=-1).view("<i4").reshape(-1, EDGE * EDGE)


# Compiled by XLA: one pass over memory instead of thirty.
@tf.function(jit_compile=True)  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def warp(packed: Any, places: Any) -> Any:
    """Sample ``packed`` images [n, 841] bilinearly at ``places`` [n, 2, 784] from the centre.

    Returns float32 [n, 784], 0 to 1; what lies outside an image is 0.
    """
    where = tf.clip_by_value(places + (CENTRE + 1), 0.0, EDGE - 1e-3)
    corner = tf.floor(where)
    x, y = tf.unstack(where - corner, axis=1)
    column, row = tf.unstack(tf.cast(corner, tf.int32), axis=1)
    found = tf.gather(packed, row * EDGE + column, batch_dims=1)
    four = [tf.cast(tf.bitwise.right_shift(found, 8 * i) & 255, tf.float32) for i in range(4)]
    upper, lower = four[0] + x * (four[1] - four[0]), four[2] + x * (four[3] - four[2])
    return (upper + y * (lower - upper)) / 255
