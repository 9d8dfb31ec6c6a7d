"""Images and their labels, in the one form that every data set is brought to, and checked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_trainer.errors import DataError
from mnist_trainer.signature import CLASSES

MOST = 1_000_000  # images in one file: what a file promises is read only below this

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Digits:
    """Images as uint8 [n, 784], row by row, ink 0 to 255, and their labels as uint8 [n], 0 to 9."""

    images: Bytes
    labels: Bytes

    def __len__(self) -> int:
        return len(self.labels)

    def pixels(self) -> NDArray[np.float32]:
        """Return the images the way the network takes them, float32 [n, 784], 0 to 1."""
        return np.divide(self.images, 255, dtype=np.float32)

    def first(self, count: int) -> "Digits":
        """Return the first ``count`` digits, or all where there are fewer."""
        return Digits(self.images[:count], self.labels[:count])

    def rest(self, count: int) -> "Digits":
        """Return all but the first ``count`` digits."""
        return Digits(self.images[count:], self.labels[count:])

    def shuffled(self) -> "Digits":
        """Return the digits in another order, which is the same every time."""
        order = np.random.default_rng(0).permutation(len(self))
        return Digits(self.images[order], self.labels[order])


def pair(images: Bytes, labels: NDArray[Any], images_from: object, labels_from: object) -> Digits:
    """Put uint8 ``images`` [n, 784] and whole-numbered ``labels`` [n] together.

    Raises DataError, which says that it lies in ``images_from`` or ``labels_from``.
    """
    if not len(images):
        raise DataError(f"{images_from} holds no images.")
    if len(images) != len(labels):
        raise DataError(
            f"{labels_from} holds {len(labels)} labels for the {len(images)} images beside it."
        )
    for label in (labels.min(), labels.max()):
        if not 0 <= label < CLASSES:
            raise DataError(
                f"{labels_from} holds the label {label}; labels are 0 to 9, for ten classes."
            )
    return Digits(images, labels.astype(np.uint8))
