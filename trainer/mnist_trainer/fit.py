"""The training: a whole epoch is one call into TensorFlow, with nothing of Python between steps.

With a network this small Keras' `fit` spends most of its time between the steps. Here an epoch is
one graph: gather a batch, distort it, one step of Adam.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mnist_trainer import distort
from mnist_trainer.data import Digits
from mnist_trainer.evaluate import measure
from mnist_trainer.recipes import Recipe

EPSILON = 1e-7  # Adam's guard against a division by zero


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

    An epoch is a new order of the images; those that do not fill the last batch sit it out.
    """
    batch = min(recipe.batch_size, len(train))
    steps = len(train) // batch
    pass_over = _compile_epoch(network, train, recipe, batch, seed)
    rates = _learning_rates(recipe, steps * recipe.epochs).reshape(recipe.epochs, steps)
    shuffler = np.random.default_rng(seed)
    for number in range(1, recipe.epochs + 1):
        began = time.perf_counter()
        order = shuffler.permutation(len(train))[: steps * batch].reshape(steps, batch)
        done = (number - 1) * steps
        loss, right = pass_over(tf.constant(order, tf.int32), rates[number - 1], done)
        figures = measure(network, validation)
        yield Epoch(
            number=number,
            loss=float(loss) / steps,
            accuracy=float(right) / (steps * batch),
            val_loss=figures.loss,
            val_accuracy=figures.accuracy,
            seconds=time.perf_counter() - began,
        )


def _learning_rates(recipe: Recipe, steps: int) -> Any:
    """Return float32 [steps]: a straight rise, then half a cosine down to 0."""
    warm = max(1, round(recipe.warmup * steps))
    at = np.arange(1, steps + 1)
    rise = at / warm
    fall = (1 + np.cos(math.pi * (at - warm) / max(1, steps - warm))) / 2
    return (recipe.learning_rate * np.where(at <= warm, rise, fall)).astype(np.float32)


def _compile_epoch(
    network: keras.Sequential, train: Digits, recipe: Recipe, batch: int, seed: int
) -> Callable[..., Any]:
    images, labels = tf.constant(train.images), tf.constant(train.labels)
    basis = tf.constant(distort.basis())
    layers = [(layer.kernel.value, layer.bias.value) for layer in network.layers]
    weights = [weight for layer in layers for weight in layer]
    means = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
    squares = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
    fast = tf.bfloat16 if _multiplies_bfloat16() else tf.float32

    @tf.function
    def epoch(order: Any, rates: Any, done: Any) -> Any:
        """Take a step for each row of ``order`` [steps, batch], the first being step ``done``."""
        total, right = tf.constant(0.0), tf.constant(0)
        for step in tf.range(tf.shape(order)[0]):
            chosen = tf.ensure_shape(order[step], [batch])
            coefficients = distort.draw(recipe, batch, tf.stack([seed, 2 * (done + step)]))
            places = tf.reshape(
                tf.reshape(coefficients, [-1, distort.TERMS]) @ basis, [batch, 2, -1]
            )
            pixels = distort.warp(tf.gather(images, chosen), places)
            truth = tf.gather(labels, chosen)
            spread = tf.one_hot(truth, 10) * (1 - recipe.label_smoothing) + (
                recipe.label_smoothing / 10
            )
            with tf.GradientTape() as tape:
                logits = _logits(layers, pixels, fast)
                loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(spread, logits))
            gradients = tape.gradient(loss, weights)
            power = tf.cast(done + step + 1, tf.float32)
            for weight, mean, square, gradient in zip(
                weights, means, squares, gradients, strict=True
            ):
                tf.raw_ops.ResourceApplyAdam(
                    var=weight.handle,
                    m=mean.handle,
                    v=square.handle,
                    beta1_power=recipe.beta_1**power,
                    beta2_power=recipe.beta_2**power,
                    lr=rates[step],
                    beta1=recipe.beta_1,
                    beta2=recipe.beta_2,
                    epsilon=EPSILON,
                    grad=gradient,
                )
            total += loss
            guessed = tf.argmax(logits, 1, output_type=tf.int32)
            right += tf.math.count_nonzero(guessed == tf.cast(truth, tf.int32), dtype=tf.int32)
        return total, right

    return epoch


def _logits(layers: Any, pixels: Any, fast: Any) -> Any:
    """Return what the network computes before its softmax, the products in the type ``fast``."""
    *hidden, last = layers
    values = pixels
    for kernel, bias in hidden:
        values = tf.nn.relu(_multiply(values, kernel, fast) + bias)
    return _multiply(values, last[0], fast) + last[1]


def _multiply(values: Any, kernel: Any, fast: Any) -> Any:
    return tf.cast(tf.cast(values, fast) @ tf.cast(kernel, fast), tf.float32)


def _multiplies_bfloat16() -> bool:
    """Tell whether the processor has tiles for bfloat16; without them it would be the slower."""
    cpu = Path("/proc/cpuinfo")
    return cpu.exists() and " amx_bf16" in cpu.read_text()
