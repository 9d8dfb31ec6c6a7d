"""Distortion, steps and the whole training, on a few hundred images."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.data import dataset as data
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.metrics import compute_metrics, evaluate
from mnist_trainer.training import augmentation, loop, train_step
from mnist_trainer.training import model as network
from mnist_trainer.training.history import EpochMetrics
from mnist_trainer.training.precision import dtype_policy
from mnist_trainer.training.recipes import RECIPES

TINY = dataclasses.replace(RECIPES["default"], hidden=(32, 16), epochs=2, batch_size=64)
STILL = dataclasses.replace(
    TINY, elastic=0.0, rotation=0.0, scale=0.0, shear=0.0, shift=0.0, label_smoothing=0.0
)


@pytest.fixture(scope="module")
def digits() -> data.Dataset:
    return data.load_dataset(data.SHIPPED)


def warped(images: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    places = augmentation.sampling_positions(
        tf.constant(coefficients, tf.float32), augmentation.basis()
    )
    return np.asarray(augmentation.warp(tf.constant(augmentation.pack(images)), places))


def affine(count: int, right: float = 0.0, turn: bool = False) -> np.ndarray:
    """Return coefficients that leave an image as it is, shift it or turn it by a quarter."""
    rows = np.array([[0, -1, right], [1, 0, 0]] if turn else [[1, 0, right], [0, 1, 0]])
    waves = np.zeros((count, 2, augmentation.COEFFICIENTS - 3))
    return np.concatenate([waves, np.broadcast_to(rows, (count, 2, 3))], axis=2)


def test_no_distortion_leaves_every_pixel_as_it_is(digits: data.Dataset) -> None:
    part = digits.validation.first(20)
    assert np.allclose(warped(part.images, affine(20)), part.pixels(), atol=1e-6)


def test_a_shift_moves_the_pixels_and_fills_with_zeros(digits: data.Dataset) -> None:
    part = digits.validation.first(20)
    moved = warped(part.images, affine(20, right=2.0)).reshape(-1, 28, 28)
    before = part.pixels().reshape(-1, 28, 28)
    assert np.allclose(moved[:, :, :-2], before[:, :, 2:], atol=1e-6)
    assert not moved[:, :, -2:].any()


def test_half_a_pixel_is_the_mean_of_two(digits: data.Dataset) -> None:
    part = digits.validation.first(20)
    moved = warped(part.images, affine(20, right=0.5)).reshape(-1, 28, 28)
    before = part.pixels().reshape(-1, 28, 28)
    expected = (before[:, :, :-1] + before[:, :, 1:]) / 2
    assert np.allclose(moved[:, :, :-1], expected, atol=1e-5)


def test_a_quarter_turn_turns_about_the_centre(digits: data.Dataset) -> None:
    part = digits.validation.first(20)
    turned = warped(part.images, affine(20, turn=True)).reshape(-1, 28, 28)
    before = part.pixels().reshape(-1, 28, 28)
    assert np.allclose(turned, np.rot90(before, axes=(1, 2)), atol=1e-3)


def test_the_waves_move_a_pixel_by_one_in_the_root_mean_square() -> None:
    waves = augmentation.basis()[:-3]
    assert np.mean(np.sum(waves**2, axis=0)) == pytest.approx(1, rel=1e-5)


def test_every_step_draws_another_distortion_within_the_bounds() -> None:
    shift_only = dataclasses.replace(STILL, shift=1.5)
    first = np.asarray(augmentation.draw_coefficients(shift_only, 500, tf.constant([0, 0])))
    second = np.asarray(augmentation.draw_coefficients(shift_only, 500, tf.constant([0, 1])))
    assert not np.array_equal(first, second)
    shifts = first[:, :, -1]
    assert np.abs(shifts).max() <= 1.5
    assert shifts.std() == pytest.approx(1.5 / np.sqrt(3), rel=0.1)
    assert np.array_equal(first[:, :, :-1], affine(500)[:, :, :-1])


@pytest.mark.parametrize(("policy", "apart"), [("float32", 1e-6), ("mixed_bfloat16", 0.02)])
def test_what_is_trained_is_what_the_model_computes(
    digits: data.Dataset, policy: str, apart: float
) -> None:
    pixels = digits.validation.first(50).pixels()
    model = network.build_model((32, 16), seed=1)
    logits = network.logits_model(model)
    with dtype_policy(logits.layers, policy):
        trained = tf.nn.softmax(tf.cast(logits(pixels, training=True), tf.float32))
    assert np.allclose(np.asarray(trained), np.asarray(model(pixels)), atol=apart)


def test_one_step_is_the_step_of_keras_own_adam(
    digits: data.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras  # type: ignore[import-untyped]  # ships no types

    monkeypatch.setattr(train_step, "choose_policy", lambda: "float32")  # Keras does not, either
    part = digits.train.first(64)
    ours, theirs = network.build_model((32, 16), seed=1), network.build_model((32, 16), seed=1)
    run_epoch = train_step.compile_epoch(ours, part, STILL, batch=64, seed=0)
    order = tf.reshape(tf.range(64), [1, 64])
    run_epoch(order, np.asarray([1e-3], np.float32), 0)
    theirs.compile(
        keras.optimizers.Adam(1e-3, beta_1=STILL.beta_1, beta_2=STILL.beta_2, epsilon=1e-7),
        "sparse_categorical_crossentropy",
    )
    theirs.train_on_batch(part.pixels(), part.labels)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert np.allclose(mine, other, atol=2e-5)  # of steps of 1e-3


def test_images_distorted_ahead_are_those_of_the_next_step(digits: data.Dataset) -> None:
    """Three steps in one call are three calls of one step, bit for bit."""
    part = digits.train.first(192)
    order = tf.reshape(tf.range(192), [3, 64])
    rates = np.full(3, 1e-3, np.float32)
    at_once, singly = network.build_model((32, 16), seed=1), network.build_model((32, 16), seed=1)
    train_step.compile_epoch(at_once, part, TINY, batch=64, seed=0)(order, rates, 0)
    run_epoch = train_step.compile_epoch(singly, part, TINY, batch=64, seed=0)
    for step in range(3):
        run_epoch(order[step : step + 1], rates[:1], step)
    for one, other in zip(at_once.get_weights(), singly.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_the_learning_rate_rises_to_its_highest_and_falls_to_zero() -> None:
    rates = loop.learning_rates(TINY, 200)
    assert np.argmax(rates) == 9  # the last of the first 5 %
    assert rates[9] == pytest.approx(TINY.learning_rate)
    assert rates[0] == pytest.approx(TINY.learning_rate / 10)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def train(digits: data.Dataset, seed: int) -> tuple[list[np.ndarray], list[EpochMetrics]]:
    model = network.build_model(TINY.hidden, seed)
    part = digits.train.first(1000)
    epochs = list(loop.fit(model, part, digits.validation.first(200), TINY, seed))
    return model.get_weights(), epochs


def test_the_same_seed_gives_the_same_weights_bit_for_bit(digits: data.Dataset) -> None:
    (one, epochs), (again, epochs_again), (other, _) = (train(digits, s) for s in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert [e.val_loss for e in epochs] == [e.val_loss for e in epochs_again]
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True) if a.ndim == 2)


def test_training_learns_and_counts_its_epochs(digits: data.Dataset) -> None:
    _, epochs = train(digits, 0)
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert epochs[1].loss < epochs[0].loss
    assert epochs[1].val_accuracy > 0.2


def test_fewer_images_than_a_batch_can_be_trained_on(digits: data.Dataset) -> None:
    model = network.build_model(TINY.hidden, 0)
    part = digits.train.first(7)
    assert len(list(loop.fit(model, part, digits.validation.first(20), TINY, 0))) == 2


def test_metrics_are_computed_by_class() -> None:
    part = LabelledImages(np.zeros((4, 784), np.uint8), np.array([0, 0, 1, 2], np.uint8))
    given = np.full((4, 10), 0.05, np.float32)
    for row, guess in enumerate([0, 1, 1, 2]):
        given[row, guess] = 0.55
    metrics = compute_metrics(given, part)
    assert metrics.accuracy == 0.75
    assert metrics.correct.tolist() == [True, False, True, True]
    assert metrics.per_class()[:4] == [(1, 0.5), (0.5, 1), (1, 1), (0, 0)]
    assert metrics.loss == pytest.approx(-(3 * np.log(0.55) + np.log(0.05)) / 4, rel=1e-6)


def test_an_untrained_network_guesses(digits: data.Dataset) -> None:
    assert evaluate(network.build_model((32,), 0), digits.validation.first(500)).accuracy < 0.3
