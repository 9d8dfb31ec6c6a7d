"""Simulated clean traffic, an image a second for a day, raises no alarm."""

import itertools

import numpy as np
import pytest

from mnist_api.drift.comparison import (
    FEWEST,
    FULL,
    MORE,
    RECENT,
    UNRANGED,
    compare,
    compare_counts,
    count_by_chance,
    is_drift,
)
from mnist_api.drift.window import SAMPLES
from mnist_api.model.active import LoadedModel
from mnist_api.model.drift_reference import FEATURES
from support.drift_features import measure_pictures
from support.pictures.digits import read_digits

DAY = 24 * 3600


@pytest.fixture(scope="module")
def pictures(loaded: LoadedModel) -> np.ndarray:
    return measure_pictures(loaded, read_digits(150))


@pytest.mark.parametrize("name", FEATURES)
def test_clean_digits_in_the_order_of_their_file_raise_no_alarm(
    loaded: LoadedModel, clean: np.ndarray, name: str
) -> None:
    """A writer after another. In a day all 10,000 windows come again and again, so each is judged.

    So are those of an API that has just started, which hold fewer images.
    """
    for images in (*range(FEWEST, RECENT, 10), RECENT, 200, MORE, FULL, SAMPLES):
        day = np.concatenate([clean, clean[: images - 1]])
        assert not find_drifted(loaded, day, name, images).any(), images


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(slice(None), id="all"),
        pytest.param(slice(5000), id="first half"),
        pytest.param(slice(5000, None), id="second half"),
    ],
)
def test_no_second_of_a_clean_day_raises_an_alarm(
    loaded: LoadedModel, clean: np.ndarray, part: slice
) -> None:
    """The writers of one half differ from those of the other and of the validation images."""
    check_day(loaded, clean[part])


def test_no_second_of_a_day_of_clean_pictures_raises_an_alarm(
    loaded: LoadedModel, pictures: np.ndarray
) -> None:
    """Not in the largest window, in which each of them is eight times."""
    check_day(loaded, pictures, (RECENT, MORE))


def test_pictures_and_numbers_in_turn_raise_no_alarm(
    loaded: LoadedModel, clean: np.ndarray, pictures: np.ndarray
) -> None:
    check_day(loaded, np.concatenate([clean, np.tile(pictures, (50, 1))]))


def check_day(
    loaded: LoadedModel, features: np.ndarray, windows: tuple[int, ...] = (RECENT, MORE, SAMPLES)
) -> None:
    """Check each window of a day of ``features`` [n, 9], in random order again and again."""
    random = np.random.default_rng(0)
    orders = [random.permutation(len(features)) for _ in range(DAY // len(features) + 1)]
    day = features[np.concatenate(orders)[:DAY]]
    for name, images in itertools.product(FEATURES, windows):
        assert not find_drifted(loaded, day, name, images).any(), (name, images)


def find_drifted(loaded: LoadedModel, day: np.ndarray, name: str, images: int) -> np.ndarray:
    """Say of each window of so many images whether the feature has drifted."""
    assert loaded.reference
    column = day[:, FEATURES.index(name)]
    shares, values = loaded.reference.shares[name], column[~np.isnan(column)]
    bins = np.searchsorted(loaded.reference.edges[name], values, side="right")
    sums = np.zeros((len(bins) + 1, len(shares)))
    sums[np.arange(1, len(bins) + 1), bins] = 1
    sums = sums.cumsum(axis=0)
    counts = sums[images:] - sums[:-images]
    found = is_drift(name, images, *compare_counts(counts, shares * loaded.reference.images))
    if name in loaded.reference.ranges and name != UNRANGED:
        low, high, expected = loaded.reference.ranges[name]
        sums = np.cumsum([0, *((values < low) | (values > high))])
        found |= sums[images:] - sums[:-images] > count_by_chance(
            images, expected, loaded.reference.images
        )
    return found


@pytest.mark.parametrize("seed", range(200))
def test_a_small_clean_client_raises_no_alarm(
    loaded: LoadedModel, clean: np.ndarray, seed: int
) -> None:
    assert loaded.reference
    random = np.random.default_rng(seed)
    samples = clean[random.permutation(len(clean))[: random.integers(50, 120)]]
    assert not any(each.drifted for each in compare(loaded.reference, samples).values())
