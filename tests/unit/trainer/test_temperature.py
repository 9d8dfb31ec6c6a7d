"""The temperature: chosen on images, folded into weights, and no digit named otherwise."""

import numpy as np
import pytest

from mnist_trainer.data import dataset as data
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.metrics import compute_metrics, predict
from mnist_trainer.training import model as network
from mnist_trainer.training.temperature import apply_temperature, choose_temperature


def tempered(temperature: float, count: int = 20_000) -> tuple[np.ndarray, LabelledImages]:
    """Return probabilities that are true but for their temperature, and digits drawn from them."""
    random = np.random.default_rng(0)
    logits = random.normal(scale=3, size=(count, 10))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) > random.random((count, 1))).argmax(axis=1)
    given = np.exp(logits * temperature)
    given /= given.sum(axis=1, keepdims=True)
    images = np.zeros((count, 784), np.uint8)
    return given.astype(np.float32), LabelledImages(images, labels.astype(np.uint8))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    assert choose_temperature(*tempered(temperature)) == pytest.approx(temperature, rel=0.03)


def test_a_few_images_that_are_all_recognised_do_not_ask_for_certainty() -> None:
    given = np.full((10, 10), 0.01, np.float32)
    np.fill_diagonal(given, 0.91)
    digits = LabelledImages(np.zeros((10, 784), np.uint8), np.arange(10, dtype=np.uint8))
    assert choose_temperature(given, digits) == pytest.approx(0.25, rel=1e-3)


def test_certainty_that_is_wrong_is_a_number_too() -> None:
    given = np.zeros((4, 10), np.float32)
    given[:, 0] = 1
    digits = LabelledImages(np.zeros((4, 784), np.uint8), np.array([0, 0, 0, 1], np.uint8))
    assert choose_temperature(given, digits) == pytest.approx(4, rel=1e-3)


def test_folding_changes_how_sure_it_is_and_never_the_digit() -> None:
    digits = data.load_dataset(data.SHIPPED).validation.first(500)
    model = network.build_model((32, 16), seed=1)
    before = predict(model, digits.pixels())
    apply_temperature(model, 0.5)
    after = predict(model, digits.pixels())
    squared = before**2 / (before**2).sum(axis=1, keepdims=True)  # half the temperature
    assert np.allclose(after, squared, atol=1e-6)
    assert np.array_equal(before.argmax(axis=1), after.argmax(axis=1))
    assert compute_metrics(after, digits).accuracy == compute_metrics(before, digits).accuracy
