"""The 15 corruptions of MNIST-C, for images of 28 x 28 pixels of any data set.

After Mu and Gilmer, "MNIST-C: a robustness benchmark for computer vision" (2019,
https://arxiv.org/abs/1906.02337), in the severities of that data set. The random
numbers are our own, so the images are not the published ones.
"""

from collections.abc import Callable

import numpy as np

from mnist_trainer.evaluation.corruptions.blur import glass_blur, motion_blur
from mnist_trainer.evaluation.corruptions.edges import canny_edges
from mnist_trainer.evaluation.corruptions.geometry import rotate, scale, shear, translate
from mnist_trainer.evaluation.corruptions.lines import dotted_line, stripe, zigzag
from mnist_trainer.evaluation.corruptions.noise import impulse_noise, shot_noise
from mnist_trainer.evaluation.corruptions.types import Images, Random
from mnist_trainer.evaluation.corruptions.weather import brightness, fog, spatter

CORRUPTIONS: dict[str, Callable[[Images, Random], Images]] = {
    each.__name__: each
    for each in (
        shot_noise, impulse_noise, glass_blur, motion_blur, shear, scale, rotate, brightness,
        translate, stripe, fog, spatter, dotted_line, zigzag, canny_edges,
    )
}  # fmt: skip


def corrupt(images: Images, name: str, seed: int = 0) -> Images:
    """Return ``images``, float32 [n, 28, 28], 0 to 1, each with the corruption ``name``.

    The same ``seed`` gives the same images.
    """
    random = np.random.default_rng([seed, list(CORRUPTIONS).index(name)])
    return np.clip(CORRUPTIONS[name](images, random), 0, 1)
