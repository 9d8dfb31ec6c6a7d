"""The digit score: how much an image is like the training images of the class it is given.

For each class, the mean and the first principal components of its training images, halved to
14 x 14, span a subspace. The squared distance of an image from that of its predicted class is its
reconstruction error. The score is bound / (bound + error): 1 for an image within the subspace, 0.5
at the bound, which few validation images are beyond, towards 0 for what is no image of the data
set. Confidence has no part in it: a network may be sure of what it has never seen.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.metrics import Probabilities
from mnist_trainer.signature import CLASSES, PIXELS, SIDE

HALF = SIDE // 2
HALVED = PIXELS // 4  # pixels of a halved image
COMPONENTS = 48  # of each class
BEYOND = 0.003  # share of the validation images
LOWEST = 0.5  # score of an image that is like the training images

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class DigitScore:
    """The fitted score: ``means`` [10, 196] and orthonormal ``components`` [10, 48, 196].

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
    means = np.zeros((CLASSES, HALVED), np.float16)
    components = np.zeros((CLASSES, COMPONENTS, HALVED), np.float16)
    for label in range(CLASSES):
        images = _halve(training.of_class(label).pixels())
        if len(images):
            means[label], components[label] = _fit_subspace(images)
    errors = _compute_errors(means, components, validation.pixels(), probabilities)
    return DigitScore(means, components, float(np.quantile(errors, 1 - BEYOND)))


def _fit_subspace(
    images: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mean = images.mean(axis=0)
    centred = images - mean
    _, vectors = np.linalg.eigh(centred.T @ centred)  # by rising eigenvalues
    return mean, vectors[:, -COMPONENTS:].T


def _halve(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each square of four pixels, [n, 196]."""
    squares = pixels.reshape(-1, HALF, 2, HALF, 2)
    return np.asarray(squares.mean(axis=(2, 4)).reshape(-1, HALVED))


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
        centred = _halve(pixels[chosen]) - means[label].astype(np.float32)
        within = centred @ components[label].astype(np.float32).T
        errors[chosen] = (centred**2).sum(axis=1) - (within**2).sum(axis=1)
    return np.maximum(errors, 0)
