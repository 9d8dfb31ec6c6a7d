"""The training loop: an epoch at a time, with metrics on the validation images."""

import math
import time
from collections.abc import Iterator

import keras  # type: ignore[import-untyped]  # ships no types
import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.metrics import evaluate
from mnist_trainer.training.history import EpochMetrics
from mnist_trainer.training.model import separate_softmax
from mnist_trainer.training.recipes import Recipe
from mnist_trainer.training.train_step import compile_epoch


def fit(
    model: keras.Sequential,
    train: LabelledImages,
    validation: LabelledImages,
    recipe: Recipe,
    seed: int,
) -> Iterator[EpochMetrics]:
    """Train ``model`` in place, and yield the metrics of each epoch when it ends.

    Images that do not fill the last batch are left out of an epoch; each epoch has another order.
    The same ``seed`` gives the same weights to models that begin with the same. Raises ModelError.
    """
    started = time.perf_counter()
    separate_softmax(model)
    _seed_layers(model, seed)
    batch = min(recipe.batch_size, len(train))
    steps = len(train) // batch
    run_epoch = compile_epoch(model, train, recipe, batch, seed)
    rates = learning_rates(recipe, steps * recipe.epochs).reshape(recipe.epochs, steps)
    shuffler = np.random.default_rng(seed)
    for number in range(1, recipe.epochs + 1):
        order = shuffler.permutation(len(train))[: steps * batch].reshape(steps, batch)
        done = (number - 1) * steps
        loss_sum, correct = run_epoch(tf.constant(order, tf.int32), rates[number - 1], done)
        on_validation = evaluate(model, validation)
        ended = time.perf_counter()
        yield EpochMetrics(
            number=number,
            loss=float(loss_sum) / steps,
            accuracy=float(correct) / (steps * batch),
            val_loss=on_validation.loss,
            val_accuracy=on_validation.accuracy,
            seconds=ended - started,
        )
        started = time.perf_counter()


def _seed_layers(model: keras.Sequential, seed: int) -> None:
    """Seed the generators of layers that draw random numbers, such as Dropout."""
    weights = {id(weight) for weight in model.weights}
    generators = [each for each in model.variables if id(each) not in weights]
    for index, state in enumerate(generators):  # a state is a key and a counter of the draws
        state.assign([seed * 100 + index, 0])


def learning_rates(recipe: Recipe, steps: int) -> NDArray[np.float32]:
    """Return each step's rate, float32 [steps]: a linear warm-up, then half a cosine down to 0."""
    warm = max(1, round(recipe.warmup * steps))
    at = np.arange(1, steps + 1)
    fall = (1 + np.cos(math.pi * (at - warm) / max(1, steps - warm))) / 2
    rates = recipe.learning_rate * np.where(at <= warm, at / warm, fall)
    return np.asarray(rates, np.float32)
