"""The digit score: how much an image is like the training images of its predicted class.

The trainer fits a subspace to each class; evaluation/digit_score.py there says how.
"""

import zipfile
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from mnist_api.model.onnx_model import ModelRefusedError
from mnist_api.signature import CLASSES, PIXELS

LOWEST = 0.5  # of an image that is like the training images
MAX_COMPONENTS = 64  # of each class; more would slow each request
MAX_BYTES = 4 * 1024**2  # of the arrays in a file


class DigitScore:
    """The subspaces of a version: ``means`` [10, 784] and orthonormal ``components`` [10, n, 784].

    An image x has the error |x - m|² - |V (x - m)|² = |x|² - |V x|² - 2 r x + r m, with r the part
    of the mean m that is not in the subspace; V and r are one matrix, as each call of NumPy counts.
    """

    def __init__(
        self, means: NDArray[np.float32], components: NDArray[np.float32], bound: float
    ) -> None:
        self._bound = bound
        within = np.einsum("cnp,cp->cn", components, means)
        rest = means - np.einsum("cnp,cn->cp", components, within)
        self._constants: list[float] = (rest * means).sum(axis=1).tolist()
        self._matrices = [*np.concatenate([components, rest[:, np.newaxis]], axis=1)]

    def compute(self, pixels: NDArray[np.float32], digit: int) -> float:
        """Return the score, 0 to 1, of float32 [784], 0 to 1, that was read as ``digit``."""
        found = self._matrices[digit].dot(pixels)
        rest = float(found[-1])
        within = float(found.dot(found)) - rest * rest
        error = float(pixels.dot(pixels)) - within - 2 * rest + self._constants[digit]
        return self._bound / (self._bound + max(error, 0.0))


def load_score(content: bytes) -> DigitScore:
    """Load the .npz file ``content``. Raises ModelRefusedError."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise ModelRefusedError(f"its digit score has more than {MAX_BYTES // 1024**2} MB")
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
        means.shape != (CLASSES, PIXELS)
        or components.ndim != 3
        or components.shape[::2] != (CLASSES, PIXELS)
        or components.shape[1] > MAX_COMPONENTS
        or bound.shape != ()
    ):
        raise ModelRefusedError(
            f"its digit score has means of {means.shape} and components of {components.shape}, "
            f"but {(CLASSES, PIXELS)} and ({CLASSES}, up to {MAX_COMPONENTS}, {PIXELS}) are needed"
        )
    if not (np.isfinite(means).all() and np.isfinite(components).all() and 0 < bound < np.inf):
        raise ModelRefusedError("its digit score has numbers that are not finite or a bound of 0")
