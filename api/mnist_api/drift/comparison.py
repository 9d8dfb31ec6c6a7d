"""Compares samples with a drift reference: how much they differ, and whether by chance.

A feature has drifted if its population stability index is above its bound, and a two-sample
chi-square test says that this is not by chance: in the newest 120 images, which show a sudden
change soon, or in all, which show a smaller one. P_VALUE is small, as a window may be judged at
each new image, 86,400 times a day: in 200 simulated days of MNIST's test images in random order,
the least p of the features with the bound 0.25 was 4e-8.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc  # type: ignore[import-untyped] # it ships no types

from mnist_api.drift.window import SAMPLES
from mnist_api.model.drift_reference import FEATURES, DriftReference

FEWEST = 50  # values of a feature; fewer are not judged
RECENT = 120
# Of fewer images than the window holds, and of a full one. Writers differ, and a window may be of
# few: the bounds are some 1.2 times what MNIST's test images reach in the order of their file. In
# the centre and the digits writers do not differ; 0.25 is "a major shift" by convention.
BOUNDS = {
    "ink": (2.5, 2.0),
    "center_x": (0.25, 0.25),
    "center_y": (0.25, 0.25),
    "width": (1.75, 0.6),
    "height": (1.75, 0.5),
    "slant": (4.0, 1.9),
    "confidence": (1.75, 1.5),
    "digit_score": (1.75, 1.1),
    "digit": (0.25, 0.25),
}
P_VALUE = 1e-9

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureDrift:
    """The comparison of one feature; None for both numbers if too few images have it."""

    psi: float | None = None
    p_value: float | None = None
    drifted: bool = False


def compare(reference: DriftReference, samples: Numbers) -> dict[str, FeatureDrift]:
    """Compare ``samples`` [n, 9], the oldest first, in each feature of the reference.

    NaN stands for no value.
    """
    compared = {}
    for name in reference.edges:
        column = samples[:, FEATURES.index(name)]
        values = column[~np.isnan(column)]
        recent = _compare_feature(reference, name, values[-RECENT:])
        compared[name] = recent if recent.drifted else _compare_feature(reference, name, values)
    return compared


def _compare_feature(reference: DriftReference, name: str, values: Numbers) -> FeatureDrift:
    if len(values) < FEWEST:
        return FeatureDrift()
    edges, shares = reference.edges[name], reference.shares[name]
    bins = np.searchsorted(edges, values, side="right")
    counts = np.bincount(bins, minlength=len(shares)).astype(np.float64)
    psi, p_value = compare_counts(counts, shares * reference.images)
    return FeatureDrift(float(psi), float(p_value), bool(is_drift(name, len(values), psi, p_value)))


def is_drift(name: str, images: int, psi: Numbers, p_value: Numbers) -> NDArray[np.bool_]:
    """Say whether the difference of a feature in ``images`` is both large and not by chance."""
    few, full = BOUNDS[name]
    return (psi > (full if images >= SAMPLES else few)) & (p_value < P_VALUE)


def compare_counts(counts: Numbers, expected: Numbers) -> tuple[Numbers, Numbers]:
    """Return the population stability index and the p-value of the chi-square test.

    ``counts`` [..., bins] are those of the samples, ``expected`` [bins] those of the reference. For
    the index, half an image is added to each bin, as an empty one would make it infinite.
    """
    bins, total = counts.shape[-1], counts.sum(-1, keepdims=True)
    share = (counts + 0.5) / (total + bins / 2)
    reference = (expected + 0.5) / (expected.sum() + bins / 2)
    psi = ((share - reference) * np.log(share / reference)).sum(-1)
    both = counts + expected
    seen = np.maximum(both, 1e-9)
    means = seen * total / (total + expected.sum())
    # of both samples: a bin differs as much in the one as in the other
    square = ((counts - means) ** 2 / means * (1 + total / expected.sum())).sum(-1)
    freedom = np.maximum(np.count_nonzero(both, axis=-1) - 1, 1)
    return psi, chdtrc(freedom, square)
