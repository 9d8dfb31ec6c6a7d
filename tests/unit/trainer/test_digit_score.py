"""The digit score tells digits from what is none."""

from pathlib import Path

import numpy as np
import pytest

from mnist_trainer.data.dataset import SHIPPED, load_dataset
from mnist_trainer.data.drawn_digits import draw_digits
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.digit_score import LOWEST, DigitScore, fit_digit_score
from mnist_trainer.evaluation.metrics import Probabilities

Scored = tuple[DigitScore, LabelledImages]


def one_hot(labels: np.ndarray) -> Probabilities:
    return np.eye(10, dtype=np.float32)[labels]


@pytest.fixture(scope="module")
def fitted() -> Scored:
    data = load_dataset(SHIPPED)
    score = fit_digit_score(
        data.train.first(10_000), data.validation, one_hot(data.validation.labels)
    )
    return score, data.test


def area_under_curve(higher: np.ndarray, lower: np.ndarray) -> float:
    """Return the share of pairs of which the first score is the higher one."""
    return float(np.searchsorted(np.sort(lower), higher).mean() / len(lower))


def make_noise() -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    uniform = random.random((1000, 784), np.float32)
    return {
        "uniform": uniform,
        "normal": np.clip(random.normal(0.13, 0.31, (1000, 784)), 0, 1).astype(np.float32),
        "pepper": (uniform < 0.1).astype(np.float32),
        "rows": np.repeat(random.random((1000, 28), np.float32), 28, axis=1),
    }


@pytest.mark.parametrize("kind", make_noise())
def test_noise_scores_lower_than_digits(fitted: Scored, kind: str) -> None:
    score, test = fitted
    digits = score.compute(test.pixels(), one_hot(test.labels))
    noise = score.compute(make_noise()[kind], one_hot(np.arange(1000) % 10))
    assert area_under_curve(digits, noise) >= 0.99


def test_few_digits_are_below_the_bound(fitted: Scored) -> None:
    score, test = fitted
    scores = score.compute(test.pixels(), one_hot(test.labels))
    assert 0 < np.mean(scores < LOWEST) <= 0.005
    assert scores.min() > 0
    assert scores.max() <= 1


def test_a_digit_of_another_class_scores_lower(fitted: Scored) -> None:
    score, test = fitted
    own, other = one_hot(test.labels), one_hot((test.labels + 1) % 10)
    assert np.mean(score.compute(test.pixels(), own) > score.compute(test.pixels(), other)) > 0.97


def test_the_file_holds_the_same_score(fitted: Scored, tmp_path: Path) -> None:
    score, test = fitted
    score.save(tmp_path / "digit_score.npz")
    pixels, probabilities = test.first(50).pixels(), one_hot(test.first(50).labels)
    stored = DigitScore.load(tmp_path / "digit_score.npz")
    assert np.array_equal(
        stored.compute(pixels, probabilities), score.compute(pixels, probabilities)
    )


def test_classes_without_images_are_scored() -> None:
    digits = draw_digits(300, 0)
    few = digits.of_class(3).joined(digits.of_class(5).first(2))
    score = fit_digit_score(few, few, one_hot(few.labels))
    scores = score.compute(digits.pixels(), one_hot(digits.labels))
    assert np.isfinite(scores).all()
