"""The drift reference: what the validation images of a version look like to its model.

The trainer writes it; evaluation/drift_reference.py there says how.
"""

from itertools import pairwise
from math import isfinite
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mnist_api.model.onnx_model import ModelRefusedError
from mnist_api.signature import CLASSES

SHAPE = ("width", "height", "slant")  # which references of former releases lack
NUMBERS = ("ink", "center_x", "center_y", *SHAPE, "confidence", "digit_score")  # have edges
FEATURES = (*NUMBERS, "digit")
MAX_BYTES = 64 * 1024
MAX_BINS = 64  # of a feature
MIN_IMAGES, MAX_IMAGES = 500, 10**9  # the shares of fewer say too little


class Histogram(Struct, frozen=True):
    """The shares of the bins between ascending ``edges``; one more than there are edges.

    And the share ``outside`` of a range, which references of former releases lack.
    """

    edges: list[float]
    shares: list[float]
    range: tuple[float, float] | None = None
    outside: float = 0


class Range(NamedTuple):
    """The range of nearly all images, its ends included, and how many are outside."""

    low: float
    high: float
    outside: int


class DriftReference:
    """For each feature, the inner edges of its bins and the shares of ``images`` in them.

    And its range, if the reference has one.
    """

    def __init__(self, images: int, histograms: dict[str, Histogram]) -> None:
        self.images = images
        self.edges = {name: np.array(one.edges) for name, one in histograms.items()}
        self.shares = {name: _to_shares(one.shares) for name, one in histograms.items()}
        self.ranges = {
            name: Range(*one.range, round(one.outside * images))
            for name, one in histograms.items()
            if one.range
        }


class _File(Struct, frozen=True):
    images: int
    features: dict[str, Histogram]
    digits: list[float]  # the shares of the predicted classes


class FewImagesError(Exception):
    """The reference is of fewer than 500 images, as former releases wrote it."""


def load_reference(content: bytes) -> DriftReference:
    """Load the JSON file ``content``. Raises ModelRefusedError and FewImagesError."""
    if len(content) > MAX_BYTES:
        raise ModelRefusedError(f"its drift reference has more than {MAX_BYTES // 1024} kB")
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ModelRefusedError(f"its drift reference can't be read: {error}") from error
    if not 1 <= file.images <= MAX_IMAGES:
        raise ModelRefusedError(f"its drift reference is of {file.images} images")
    if file.images < MIN_IMAGES:
        raise FewImagesError(f"its drift reference is of {file.images} images, not of {MIN_IMAGES}")
    missing = [name for name in NUMBERS if name not in (*SHAPE, *file.features)]
    if missing:
        raise ModelRefusedError(f"its drift reference has no {', '.join(missing)}")
    digits = Histogram([digit + 0.5 for digit in range(CLASSES - 1)], file.digits)
    histograms = {name: file.features[name] for name in NUMBERS if name in file.features}
    histograms["digit"] = digits
    for name, histogram in histograms.items():
        _check(name, histogram)
    return DriftReference(file.images, histograms)


def _check(name: str, histogram: Histogram) -> None:
    edges, shares = histogram.edges, histogram.shares
    if not 1 <= len(edges) < MAX_BINS or len(shares) != len(edges) + 1:
        raise ModelRefusedError(
            f"its drift reference has {len(edges)} edges and {len(shares)} shares of {name}, but "
            f"up to {MAX_BINS - 1} edges and one share more are needed"
        )
    if any(low >= high for low, high in pairwise(edges)):
        raise ModelRefusedError(f"the edges of {name} in its drift reference do not ascend")
    if min(shares) < 0 or not isfinite(sum(shares)) or abs(sum(shares) - 1) > 0.001:
        raise ModelRefusedError(f"the shares of {name} in its drift reference do not add up to 1")
    if histogram.range and not (
        histogram.range[0] <= histogram.range[1] and 0 <= histogram.outside < 1
    ):
        raise ModelRefusedError(f"the range of {name} in its drift reference is none")


def _to_shares(shares: list[float]) -> NDArray[np.float64]:
    """Return ``shares`` without the error of their rounding."""
    return np.array(shares) / sum(shares)
