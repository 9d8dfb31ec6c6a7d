"""What all readers return: blocks of images."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_api.signature import MAX_BYTE, PIXELS, Images
from mnist_score.errors import PartError

BLOCK = 4096  # images that are read at once: 3 MB as uint8, and some 25 ms of inference
NO_ERRORS: Mapping[int, str] = MappingProxyType({})


class Block(NamedTuple):
    """Images, uint8 or float32 [n, 784], and why some of them could not be read, by their row."""

    images: Images
    errors: Mapping[int, str] = NO_ERRORS


def to_pixels(values: NDArray[Any]) -> Images:
    """Return numbers of any type as uint8 or float32 [n, 784]. Raises PartError."""
    images = np.ascontiguousarray(values.reshape(-1, PIXELS))
    if images.dtype == np.uint8:
        return images.view(np.uint8)
    if images.dtype.kind in "iu":
        if images.min() < 0 or images.max() > MAX_BYTE:
            raise PartError(
                f"a pixel is not in 0 to {MAX_BYTE}: give bytes, or numbers from 0 to 1"
            )
        return images.astype(np.uint8)
    with np.errstate(over="ignore"):  # too large for float32 is out of range anyway
        return images.astype(np.float32, copy=False)
