"""Images with their labels, in the one form to which every format is converted."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.errors import DataError
from mnist_trainer.signature import CLASSES

MAX_IMAGES = 1_000_000  # in one file; a header that declares more is refused unread

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class LabelledImages:
    """Images as uint8 [n, 784], row by row, 0 to 255, and their labels as uint8 [n], 0 to 9."""

    images: Bytes
    labels: Bytes

    def __len__(self) -> int:
        return len(self.labels)

    def pixels(self) -> NDArray[np.float32]:
        """Return the images as the model's input, float32 [n, 784], 0 to 1."""
        return np.divide(self.images, 255, dtype=np.float32)

    def first(self, count: int) -> "LabelledImages":
        """Return the first ``count`` images, or all where there are fewer."""
        return LabelledImages(self.images[:count], self.labels[:count])

    def rest(self, count: int) -> "LabelledImages":
        """Return all but the first ``count`` images."""
        return LabelledImages(self.images[count:], self.labels[count:])

    def of_class(self, label: int) -> "LabelledImages":
        """Return the images of one class."""
        chosen = self.labels == label
        return LabelledImages(self.images[chosen], self.labels[chosen])

    def joined(self, other: "LabelledImages") -> "LabelledImages":
        """Return these images and then those of ``other``."""
        return LabelledImages(
            np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels])
        )

    def digest(self) -> str:
        """Return the SHA-256 of the images and their labels."""
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).hexdigest()

    def shuffled(self) -> "LabelledImages":
        """Return the images in a random order, with a fixed seed."""
        order = np.random.default_rng(0).permutation(len(self))
        return LabelledImages(self.images[order], self.labels[order])


def pair(
    images: Bytes, labels: NDArray[Any], images_source: object, labels_source: object
) -> LabelledImages:
    """Check uint8 ``images`` [n, 784] and integer ``labels`` [n], and return them as one.

    ``images_source`` and ``labels_source`` name their files in an error. Raises DataError.
    """
    if not len(images):
        raise DataError(f"{images_source} holds no images.")
    if len(images) != len(labels):
        raise DataError(
            f"{labels_source} holds {len(labels)} labels for the {len(images)} images beside it."
        )
    for label in (labels.min(), labels.max()):
        if not 0 <= label < CLASSES:
            raise DataError(
                f"{labels_source} holds the label {label}; labels are 0 to 9, for ten classes."
            )
    return LabelledImages(images, labels.astype(np.uint8))
