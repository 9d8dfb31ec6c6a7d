"""A whole epoch as one call into TensorFlow: gather a batch, distort it, one step of Adam.

With a network this small Keras' `fit` spends most of its time between the steps.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras  # type: ignore[import-untyped]  # ships no types
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.data.images import Digits
from mnist_trainer.signature import CLASSES
from mnist_trainer.training import augmentation as distort
from mnist_trainer.training.recipes import Recipe

EPSILON = 1e-7  # Adam's guard against a division by zero

Tensor = Any
Epoch = Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]]


def compile_epoch(
    network: keras.Sequential, train: Digits, recipe: Recipe, batch: int, seed: int
) -> Epoch:
    """Return a function that takes one step for each row of its first argument.

    Its arguments: which images make up each batch, int32 [steps, batch]; the learning rate of
    each step, float32 [steps]; how many steps were taken before. It changes the weights of
    ``network`` and returns the sum of the steps' losses and the number of images recognised.
    """
    packed = tf.constant(distort.pack(train.images))
    labels = tf.constant(train.labels, tf.int32)
    basis = tf.constant(distort.basis())
    layers = [(layer.kernel.value, layer.bias.value) for layer in network.layers]
    weights = [weight for layer in layers for weight in layer]
    adam = _adam(weights, recipe)
    fast = tf.bfloat16 if _multiplies_bfloat16() else tf.float32

    def distorted(order: Tensor, step: Tensor, done: Tensor) -> Tensor:
        chosen = tf.ensure_shape(order[step % tf.shape(order)[0]], [batch])
        moves = distort.draw(recipe, batch, tf.stack([seed, done + step]))
        return distort.warp(tf.gather(packed, chosen), distort.places(moves, basis))

    def epoch(order: Tensor, rates: Tensor, done: Tensor) -> tuple[Tensor, Tensor]:
        lost, right = tf.constant(0.0), tf.constant(0)
        following = distorted(order, 0, done)
        for step in tf.range(tf.shape(order)[0]):
            # Nothing below waits for the next images: one core distorts them while another trains.
            pixels, following = following, distorted(order, step + 1, done)
            chosen = order[step]
            truth = tf.gather(labels, chosen)
            with tf.GradientTape() as tape:
                logits = compute_logits(layers, pixels, fast)
                loss = _loss(truth, logits, recipe.label_smoothing)
            adam(tape.gradient(loss, weights), rates[step], done + step + 1)
            lost += loss
            right += tf.math.count_nonzero(tf.argmax(logits, 1, tf.int32) == truth, dtype=tf.int32)
        return lost, right

    compiled: Epoch = tf.function(epoch)
    return lambda order, rates, done: compiled(order, rates, tf.constant(done))


def compute_logits(layers: Any, pixels: Tensor, fast: Any) -> Tensor:
    """Return what the network computes before its softmax, the products in the type ``fast``."""
    *hidden, (last, offset) = layers
    values = pixels
    for kernel, bias in hidden:
        values = tf.nn.relu(_multiply(values, kernel, fast) + bias)
    return _multiply(values, last, fast) + offset


def _multiply(values: Tensor, kernel: Tensor, fast: Any) -> Tensor:
    return tf.cast(tf.cast(values, fast) @ tf.cast(kernel, fast), tf.float32)


def _multiplies_bfloat16() -> bool:
    """Tell whether the processor multiplies bfloat16 itself; otherwise it would be the slower."""
    cpu = Path("/proc/cpuinfo")
    return cpu.exists() and bool({"amx_bf16", "avx512_bf16"} & set(cpu.read_text().split()))


def _loss(truth: Tensor, logits: Tensor, smoothing: float) -> Tensor:
    wanted = tf.one_hot(truth, CLASSES) * (1 - smoothing) + smoothing / CLASSES
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(wanted, logits))


def _adam(weights: list[Any], recipe: Recipe) -> Callable[[list[Tensor], Tensor, Tensor], None]:
    """Return a step of Adam (Kingma and Ba 2014) over ``weights``; steps count from 1."""
    means = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
    squares = [tf.Variable(tf.zeros_like(weight)) for weight in weights]

    def step(gradients: list[Tensor], rate: Tensor, number: Tensor) -> None:
        power = tf.cast(number, tf.float32)
        for weight, mean, square, gradient in zip(weights, means, squares, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(  # Keras' own Adam takes ten operations for this one
                var=weight.handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=recipe.beta_1**power,
                beta2_power=recipe.beta_2**power,
                lr=rate,
                beta1=recipe.beta_1,
                beta2=recipe.beta_2,
                epsilon=EPSILON,
                grad=gradient,
            )

    return step
