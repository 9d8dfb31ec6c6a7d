"""Gaussian smoothing of many images."""

import numpy as np
from scipy import ndimage  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.evaluation.corruptions.types import Images


def smooth(images: Images, sigma: float) -> Images:
    """Smooth each image; beyond its border are the pixels at the border."""
    return np.asarray(ndimage.gaussian_filter(images, (0, sigma, sigma), mode="nearest"))
