"""Simulated traffic, an image a second: a change is soon found."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from mnist_api.drift.comparison import MORE, P_VALUE, compare, count_by_chance
from mnist_api.drift.window import SAMPLES
from mnist_api.model.active import LoadedModel
from mnist_api.model.drift_reference import FEATURES
from support.drift_features import measure, measure_pictures
from support.pictures.digits import read_digits
from support.pictures.drifted import DRIFTS, SLIGHT, SMALL, drift

STARTS = 20  # of each kind of drift, each after other clean traffic
SEEN = 115  # images in two minutes, without those that came in the same half second


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
    found = [compare(loaded.reference, random.choice(changed, MORE)) for _ in range(STARTS)]
    times = sum(any(each.drifted for each in features.values()) for features in found)
    assert times >= 0.8 * STARTS


@pytest.mark.parametrize("kind", SLIGHT)
def test_a_slight_change_is_found_within_twenty_minutes_and_is_mostly_over_five_after_it(
    loaded: LoadedModel, clean: np.ndarray, kind: str
) -> None:
    assert loaded.reference
    random = np.random.default_rng(0)
    changed = measure(loaded, drift(read_digits(10_000)[::10], kind))
    found, lasting = 0, 0
    for _ in range(STARTS):
        samples = random.choice(changed, SAMPLES)
        found += any(each.drifted for each in compare(loaded.reference, samples).values())
        samples = np.concatenate([samples[MORE:], random.choice(clean, MORE)])
        lasting += any(each.drifted for each in compare(loaded.reference, samples).values())
    assert found >= 0.9 * STARTS
    assert lasting <= 0.2 * STARTS


def test_a_slight_change_of_numbers_is_found_if_some_images_come_as_pictures(
    loaded: LoadedModel,
) -> None:
    """Pictures have no ink and no digit score, so these have fewer values than samples."""
    assert loaded.reference
    random = np.random.default_rng(0)
    samples = random.choice(measure(loaded, drift(read_digits(1000), "a little faint")), SAMPLES)
    lacking = [FEATURES.index(name) for name in ("ink", "digit_score")]
    samples[np.ix_(random.choice(SAMPLES, 100, replace=False), lacking)] = np.nan
    found = compare(loaded.reference, samples)
    assert found["ink"].drifted
    assert found["digit_score"].drifted


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
