"""The digit score: how much an image is like the training images of its predicted class.

The trainer fits a subspace of halved images to each class; evaluation/digit_score.py there says
how.
"""

import zipfile
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from mnist_api.model.onnx_model import ModelRefusedError
from mnist_api.signature import CLASSES, PIXELS

LOWEST = 0.5  # of an image that is like the training images
SIDE, HALF = 28, 14
HALVED = PIXELS // 4  # pixels of a halved image
MAX_COMPONENTS = 64  # of each class; more would slow each request
MAX_BYTES = 1024**2  # of the arrays in a file


class DigitScore:
    """A score's subspaces, scaled so that the bound is a squared distance of 1."""

    def __init__(
        self, means: NDArray[np.float32], components: NDArray[np.float32], bound: float
    ) -> None:
        scale = np.float32(bound**-0.5)
        self._scale = scale / 4  # of a sum of four pixels
        self._means = [*(means * scale)]
        self._components = [*components]

    def compute(self, pixels: NDArray[np.float32], digit: int) -> float:
        """Return the score, 0 to 1, of float32 [784], 0 to 1, that was read as ``digit``."""
        rows = pixels.reshape(HALF, 2 * SIDE)  # two in each
        sums = rows[:, :SIDE] + rows[:, SIDE:]
        off = (sums[:, ::2] + sums[:, 1::2]).ravel()
        off *= self._scale
        off -= self._means[digit]
        within = self._components[digit].dot(off)
        error = off.dot(off) - within.dot(within)
        return 1.0 / (1.0 + max(float(error), 0.0))


def load_score(content: bytes) -> DigitScore:
    """Load the .npz file ``content``. Raises ModelRefusedError."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise ModelRefusedError(f"its digit score has more than {MAX_BYTES // 1024} kB")
        with np.load(BytesIO(content)) as arrays:
            means, components, bound = (
                np.asarray(arrays[name], np.float32) for name in ("means", "components", "bound")
            )
    except ModelRefusedError:
        raise
    except Exception as error:  # a damaged archive raises errors of many types
        raise ModelRefusedError("its digit score is not a file that NumPy reads") from error
    _check(means, components, bound)
    return DigitScore(means, components, float(bound))


def _check(
    means: NDArray[np.float32], components: NDArray[np.float32], bound: NDArray[np.float32]
) -> None:
    if (
        means.shape != (CLASSES, HALVED)
        or components.ndim != 3
        or components.shape[::2] != (CLASSES, HALVED)
        or components.shape[1] > MAX_COMPONENTS
        or bound.shape != ()
    ):
        raise ModelRefusedError(
            f"its digit score has means of {means.shape} and components of {components.shape}, "
            f"but {(CLASSES, HALVED)} and ({CLASSES}, up to {MAX_COMPONENTS}, {HALVED}) are needed"
        )
    if not (np.isfinite(means).all() and np.isfinite(components).all() and 0 < bound < np.inf):
        raise ModelRefusedError("its digit score has numbers that are not finite or a bound of 0")
