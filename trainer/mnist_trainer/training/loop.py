"""The training: epoch after epoch, each in a new order, with figures on the validation images."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import keras  # type: ignore[import-untyped]  # ships no types
import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from mnist_trainer.data.images import Digits
from mnist_trainer.evaluation.metrics import measure
from mnist_trainer.training.recipes import Recipe
from mnist_trainer.training.train_step import compile_epoch


@dataclass(frozen=True)
class Epoch:
    """The figures of one epoch, counted from 1.

    ``loss`` and ``accuracy`` are of the distorted training images while the weights were moving,
    the loss with smoothed labels; the validation figures are of plain images at the epoch's end.
    """

    number: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


def fit(
    network: keras.Sequential, train: Digits, validation: Digits, recipe: Recipe, seed: int
) -> Iterator[Epoch]:
    """Train ``network`` in place, and yield the figures of each epoch as it ends.

    The images that do not fill the last batch sit this epoch out; the next has another order.
    """
    began = time.perf_counter()
    batch = min(recipe.batch_size, len(train))
    steps = len(train) // batch
    run_epoch = compile_epoch(network, train, recipe, batch, seed)
    rates = learning_rates(recipe, steps * recipe.epochs).reshape(recipe.epochs, steps)
    shuffler = np.random.default_rng(seed)
    for number in range(1, recipe.epochs + 1):
        order = shuffler.permutation(len(train))[: steps * batch].reshape(steps, batch)
        done = (number - 1) * steps
        lost, right = run_epoch(tf.constant(order, tf.int32), rates[number - 1], done)
        figures = measure(network, validation)
        ended = time.perf_counter()
        yield Epoch(
            number=number,
            loss=float(lost) / steps,
            accuracy=float(right) / (steps * batch),
            val_loss=figures.loss,
            val_accuracy=figures.accuracy,
            seconds=ended - began,
        )
        began = time.perf_counter()


def learning_rates(recipe: Recipe, steps: int) -> NDArray[np.float32]:
    """Return the rate of each step, float32 [steps]: a straight rise, half a cosine down to 0."""
    warm = max(1, round(recipe.warmup * steps))
    at = np.arange(1, steps + 1)
    fall = (1 + np.cos(math.pi * (at - warm) / max(1, steps - warm))) / 2
    rates = recipe.learning_rate * np.where(at <= warm, at / warm, fall)
    return np.asarray(rates, np.float32)
