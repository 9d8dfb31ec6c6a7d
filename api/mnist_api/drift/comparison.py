"""Compares samples with a drift reference: how much they differ, and whether by chance.

A feature has drifted in one of two ways. Its population stability index is above its bound, and a
two-sample chi-square test says that this is not by chance. Or more images than by chance are
outside the range of nearly all validation images: of digits that are changed in both directions,
or of one client in two, the index is no higher than of other writers' digits.

The newest images show a large change soon, more of them a smaller one. P_VALUE is small, as a
window may be judged at each new image, 86,400 times a day: in 200 simulated days of MNIST's test
images in random order, the least p of the features with the bound 0.25 was 4e-8.
"""

from bisect import bisect
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, chdtrc  # type: ignore[import-untyped] # it ships no types

from mnist_api.model.drift_reference import FEATURES, DriftReference

FEWEST = 50  # values of a feature; fewer are not judged
RECENT, MORE = 120, 300  # newest images that are compared, and then all
FULL = 1000  # values of all samples, if they are to count; pictures have none of some features
# Of fewer images than MORE, of as many, and of FULL. Writers differ, and a window may be of few:
# the bounds are some 1.2 times what MNIST's test images reach in the order of their file. In the
# centre and the digits writers do not differ; 0.25 is "a major shift" by convention.
BOUNDS = {
    "ink": (2.5, 2.0, 0.5),
    "center_x": (0.25, 0.25, 0.05),
    "center_y": (0.25, 0.25, 0.05),
    "width": (1.75, 0.6, 0.15),
    "height": (1.75, 0.5, 0.12),
    "slant": (4.0, 1.9, 0.4),
    "confidence": (1.75, 1.5, 0.35),
    "digit_score": (1.75, 1.1, 0.15),
    "digit": (0.25, 0.25, 0.25),
}
UNRANGED = "slant"  # some writers' digits are outside its range
P_VALUE = 1e-9
NEWEST_P_VALUE = 0.001  # of the newest MORE, or a drift of all samples is over

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureDrift:
    """The comparison of one feature; None for the numbers if too few images have it.

    ``outside`` is the share outside the range; None for both if the reference has no range.
    """

    psi: float | None = None
    bound: float | None = None
    p_value: float | None = None
    outside: float | None = None
    outside_bound: float | None = None
    drifted: bool = False


def compare(reference: DriftReference, samples: Numbers) -> dict[str, FeatureDrift]:
    """Compare ``samples`` [n, 9], the oldest first, in each feature of the reference.

    NaN stands for no value.
    """
    compared = {}
    for name in reference.edges:
        column = samples[:, FEATURES.index(name)]
        values = column[~np.isnan(column)]
        recent, more = (
            _compare_feature(reference, name, values[-images:]) for images in (RECENT, MORE)
        )
        compared[name] = recent if recent.drifted else more
        if len(values) >= FULL and not compared[name].drifted and _may_drift(reference, name, more):
            every = _compare_feature(reference, name, values)
            compared[name] = every if every.drifted else more
    return compared


def _compare_feature(reference: DriftReference, name: str, values: Numbers) -> FeatureDrift:
    if len(values) < FEWEST:
        return FeatureDrift()
    edges, shares = reference.edges[name], reference.shares[name]
    bins = np.searchsorted(edges, values, side="right")
    counts = np.bincount(bins, minlength=len(shares)).astype(np.float64)
    psi, p_value = compare_counts(counts, shares * reference.images)
    drifted, outside, most = bool(is_drift(name, len(values), psi, p_value)), None, None
    if name in reference.ranges and name != UNRANGED:
        low, high, expected = reference.ranges[name]
        outside = float(np.mean((values < low) | (values > high)))
        most = count_by_chance(len(values), expected, reference.images) / len(values)
        drifted = drifted or outside > most
    bound = find_bound(name, len(values))
    return FeatureDrift(float(psi), bound, float(p_value), outside, most, drifted)


def _may_drift(reference: DriftReference, name: str, newest: FeatureDrift) -> bool:
    """Say whether a drift of all samples is in the newest MORE as well, and not over."""
    psi, p_value, outside = newest.psi, newest.p_value, newest.outside
    if psi is None or p_value is None:
        return False
    if psi > BOUNDS[name][-1] and p_value < NEWEST_P_VALUE:
        return True
    if outside is None:
        return False
    expected = reference.ranges[name].outside
    return outside > count_by_chance(MORE, expected, reference.images, NEWEST_P_VALUE) / MORE


def find_bound(name: str, images: int) -> float:
    """Return the bound of the feature's population stability index in so many images."""
    return BOUNDS[name][bisect((MORE, FULL), images)]


def is_drift(name: str, images: int, psi: Numbers, p_value: Numbers) -> NDArray[np.bool_]:
    """Say whether the difference of a feature in ``images`` is both large and not by chance."""
    return (psi > find_bound(name, images)) & (p_value < P_VALUE)


def count_by_chance(
    images: int, expected: int, reference_images: int, p_value: float = P_VALUE
) -> int:
    """Return how many of ``images`` may be outside a range by chance.

    ``expected`` of the reference's are. Of two Poisson counts with equal rates, the one is a
    binomial share of both together (Przyborowski and Wilenski, 1940).
    """
    counts = np.arange(1, images + 1)
    share = images / (images + reference_images)
    return int(np.count_nonzero(bdtrc(counts - 1, counts + expected, share) >= p_value))


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
