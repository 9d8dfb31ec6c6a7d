"""The proportions of further digits: MNIST's box, and a random affine map."""

import math

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.digit_forms import Random

BOX = 20  # pixels of the longer side
WIDEST = 1.6  # over the form's own width
SLANT = -0.25, 0.35
ROTATION = 0.12  # standard deviation, radians


def draw_shape(narrowest: float, random: Random) -> NDArray[np.float64]:
    """Return [2, 2], which a point (x, y) of a form is multiplied by.

    ``narrowest`` is the least width over the form's own.
    """
    width = math.exp(random.uniform(math.log(narrowest), math.log(WIDEST)))
    slant, angle = random.uniform(*SLANT), random.normal(0, ROTATION)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.asarray(turn @ np.array([[width, -slant], [0, 1]]))
