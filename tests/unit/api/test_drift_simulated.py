"""Simulated traffic, an image a second: clean days raise no alarm, a change soon does."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import fisher_exact

from mnist_api.drift.comparison import (
    FEWEST,
    MORE,
    P_VALUE,
    RECENT,
    UNRANGED,
    compare,
    compare_counts,
    count_by_chance,
    is_drift,
)
from mnist_api.drift.features import measure_image
from mnist_api.drift.window import SAMPLES
from mnist_api.imaging.picture import read_picture
from mnist_api.model.active import LoadedModel
from mnist_api.model.digit_score import load_score
from mnist_api.model.drift_reference import FEATURES, load_reference
from mnist_api.model.onnx_model import load_model
from mnist_api.model.version import Version
from support.digit_version import DigitVersion
from support.pictures.digits import read_digits
from support.pictures.drawn import enlarged, packed
from support.pictures.drifted import DRIFTS, SLIGHT, SMALL, drift

DAY = 24 * 3600
STARTS = 20  # of each kind of drift, each after other clean traffic
SEEN = 115  # images in two minutes, without those that came in the same half second


@pytest.fixture(scope="module")
def loaded(digit_version: DigitVersion) -> LoadedModel:
    return LoadedModel(
        load_model(digit_version.network),
        Version("m", "1", None, None, None),
        "registry",
        datetime.now(UTC),
        load_score(digit_version.score),
        load_reference(digit_version.reference),
    )


def measure(loaded: LoadedModel, images: np.ndarray, are_pictures: bool = False) -> np.ndarray:
    """Return the features, [n, 9]."""
    assert loaded.score
    score, infer = loaded.score, loaded.model.infer
    probabilities = np.concatenate(
        [infer(images[start : start + 100]) for start in range(0, len(images), 100)]
    )
    pairs = zip(images, probabilities, strict=True)
    return np.array([measure_image(image, row, score, are_pictures) for image, row in pairs])


@pytest.fixture(scope="module")
def clean(loaded: LoadedModel) -> np.ndarray:
    return measure(loaded, read_digits(10_000).astype(np.float32) / 255)


def measure_pictures(loaded: LoadedModel, images: np.ndarray) -> np.ndarray:
    """Return the features of uint8 [n, 784], each drawn dark on light with a margin."""
    pages = (255 - 255 * np.pad(enlarged(each.reshape(28, 28)), 60)[::3, ::3] for each in images)
    prepared = np.stack([read_picture(packed(page)).reshape(784) for page in pages])
    return measure(loaded, prepared, are_pictures=True)


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
    for images in (*range(FEWEST, RECENT, 10), RECENT, 200, MORE, SAMPLES):
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


@pytest.mark.parametrize("kind", DRIFTS)
@pytest.mark.parametrize("before", [SAMPLES, 0], ids=["after hours", "from the start"])
def test_a_change_is_found_within_two_minutes(
    loaded: LoadedModel, clean: np.ndarray, kind: str, before: int
) -> None:
    assert loaded.reference
    random = np.random.default_rng(0)
    changed = measure(loaded, drift(read_digits(1000), kind))
    for _ in range(STARTS):
        samples = np.concatenate([random.choice(clean, before), random.choice(changed, SEEN)])
        found = compare(loaded.reference, samples[-SAMPLES:])
        assert any(each.drifted for each in found.values())


@pytest.mark.parametrize("kind", SMALL)
def test_a_small_change_is_mostly_found_within_five_minutes(loaded: LoadedModel, kind: str) -> None:
    assert loaded.reference
    random = np.random.default_rng(0)
    changed = measure(loaded, drift(read_digits(10_000)[::10], kind))
    found = [compare(loaded.reference, random.choice(changed, SAMPLES)) for _ in range(STARTS)]
    times = sum(any(each.drifted for each in features.values()) for features in found)
    assert times >= 0.8 * STARTS


@pytest.mark.parametrize("kind", SLIGHT)
def test_a_slight_change_is_found_within_twenty_minutes_and_five_after_it_no_longer(
    loaded: LoadedModel, clean: np.ndarray, kind: str
) -> None:
    assert loaded.reference
    random = np.random.default_rng(0)
    changed = measure(loaded, drift(read_digits(10_000)[::10], kind))
    samples = random.choice(changed, SAMPLES)
    assert any(each.drifted for each in compare(loaded.reference, samples).values())
    samples = np.concatenate([samples[MORE:], random.choice(clean, MORE)])
    assert not any(each.drifted for each in compare(loaded.reference, samples).values())


def test_of_pictures_neither_ink_nor_digit_score_is_compared(
    loaded: LoadedModel, clean: np.ndarray
) -> None:
    """After numbers, the digit score of these is still compared, and clean."""
    assert loaded.reference
    changed = measure_pictures(loaded, read_digits(SEEN).reshape(-1, 28, 28)[:, ::-1])
    found = compare(loaded.reference, np.concatenate([clean[:185], changed]))
    assert found["digit_score"].psi is not None
    assert not found["digit_score"].drifted
    alone = compare(loaded.reference, changed)
    assert [name for name, each in alone.items() if each.psi is None] == ["ink", "digit_score"]


@pytest.mark.parametrize(
    ("images", "expected", "reference"), [(50, 2, 500), (120, 0, 5000), (300, 20, 5000)]
)
def test_more_outside_than_by_chance_is_what_fishers_exact_test_says(
    images: int, expected: int, reference: int
) -> None:
    def test_exactly(outside: int) -> float:
        table = [[outside, images - outside], [expected, reference - expected]]
        return float(fisher_exact(table, alternative="greater").pvalue)

    count = count_by_chance(images, expected, reference)
    assert test_exactly(count + 1) < P_VALUE < test_exactly(count - 1)


def test_few_images_are_not_judged(loaded: LoadedModel) -> None:
    assert loaded.reference
    changed = measure(loaded, drift(read_digits(50), "inverted"))
    assert not any(each.drifted for each in compare(loaded.reference, changed[:49]).values())
    assert compare(loaded.reference, changed)["ink"].drifted


@pytest.mark.parametrize("seed", range(200))
def test_a_small_clean_client_raises_no_alarm(
    loaded: LoadedModel, clean: np.ndarray, seed: int
) -> None:
    assert loaded.reference
    random = np.random.default_rng(seed)
    samples = clean[random.permutation(len(clean))[: random.integers(50, 120)]]
    assert not any(each.drifted for each in compare(loaded.reference, samples).values())
