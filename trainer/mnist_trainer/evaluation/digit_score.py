"""The digit score: how much an image is like the training images of the class it is given.

For each class, the training images' mean and first principal components span a subspace. The
squared distance of an image from that of its predicted class is its reconstruction error. The
score is bound / (bound + error): 1 for an image within the subspace, 0.5 at the bound, which few
validation images are beyond, towards 0 for what is no image of the data set. Confidence has no
part in it: a network may be sure of what it has never seen.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.metrics import Probabilities
from mnist_trainer.signature import CLASSES, PIXELS

FILE = "digit_score.npz"
COMPONENTS = 48  # of each class
ITERATIONS = 6
BEYOND = 0.003  # share of the validation images
LOWEST = 0.5  # score of an image that is like the training images

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class DigitScore:
    """The fitted score: ``means`` [10, 784] and orthonormal ``components`` [10, 48, 784].

    Both are float16, as in the file. ``bound`` is a squared distance, in pixels of 0 to 1.
    """

    means: NDArray[np.float16]
    components: NDArray[np.float16]
    bound: float

    def compute(self, pixels: NDArray[np.float32], probabilities: Probabilities) -> Scores:
        """Return the scores, 0 to 1, of images [n, 784] with these ``probabilities`` [n, 10]."""
        errors = _compute_errors(self.means, self.components, pixels, probabilities)
        return np.asarray(self.bound / (self.bound + errors), np.float64)

    def save(self, file: Path) -> None:
        """Write means, components and bound as a .npz file."""
        np.savez(file, means=self.means, components=self.components, bound=self.bound)

    @classmethod
    def load(cls, file: Path) -> "DigitScore":
        """Read what ``save`` wrote."""
        with np.load(file) as arrays:
            return cls(arrays["means"], arrays["components"], float(arrays["bound"]))


def fit_digit_score(
    training: LabelledImages, validation: LabelledImages, probabilities: Probabilities
) -> DigitScore:
    """Fit subspaces to the training images, and the bound to the validation images.

    ``probabilities`` [n, 10] are the model's on the validation images.
    """
    means = np.zeros((CLASSES, PIXELS), np.float16)
    components = np.zeros((CLASSES, COMPONENTS, PIXELS), np.float16)
    for label in range(CLASSES):
        images = training.of_class(label).pixels()
        if len(images):
            means[label], components[label] = _fit_subspace(images)
    errors = _compute_errors(means, components, validation.pixels(), probabilities)
    return DigitScore(means, components, float(np.quantile(errors, 1 - BEYOND)))


def _fit_subspace(
    images: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean and a basis of the subspace, by orthogonal iteration.

    The eigenvectors themselves are not needed, and take eight times as long.
    """
    mean = images.mean(axis=0)
    centred = images - mean
    covariance = centred.T @ centred
    basis = np.random.default_rng(0).standard_normal((PIXELS, COMPONENTS), np.float32)
    for _ in range(ITERATIONS):
        basis, _ = np.linalg.qr(covariance @ (covariance @ basis))
    return mean, basis.T


def _compute_errors(
    means: NDArray[np.float16],
    components: NDArray[np.float16],
    pixels: NDArray[np.float32],
    probabilities: Probabilities,
) -> NDArray[np.float32]:
    """Return the squared distance of each image from the subspace of its predicted class."""
    labels = probabilities.argmax(axis=1)
    errors = np.zeros(len(pixels), np.float32)
    for label in range(CLASSES):
        chosen = labels == label
        centred = pixels[chosen] - means[label].astype(np.float32)
        within = centred @ components[label].astype(np.float32).T
        errors[chosen] = (centred**2).sum(axis=1) - (within**2).sum(axis=1)
    return np.maximum(errors, 0)
