"""A whole epoch as one call into TensorFlow: gather a batch, distort it, take a step of Adam.

With a model this small Keras' `fit` spends most of its time between the steps.
"""

from collections.abc import Callable
from typing import Any

import keras  # type: ignore[import-untyped]  # ships no types
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.signature import CLASSES
from mnist_trainer.training import augmentation
from mnist_trainer.training.adam import make_adam
from mnist_trainer.training.model import logits_model
from mnist_trainer.training.precision import choose_policy, dtype_policy
from mnist_trainer.training.recipes import Recipe

Tensor = Any
EpochFn = Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]]


def compile_epoch(
    model: keras.Sequential, train: LabelledImages, recipe: Recipe, batch: int, seed: int
) -> EpochFn:
    """Return a function that takes one step for each row of its first argument.

    Its arguments: which images make up each batch, int32 [steps, batch]; the learning rate of
    each step, float32 [steps]; how many steps were taken before. It changes the weights of
    ``model``, whose last layer is its softmax, and returns the sum of the steps' losses and the
    number of images classified correctly.
    """
    packed = tf.constant(augmentation.pack(train.images))
    labels = tf.constant(train.labels, tf.int32)
    basis = tf.constant(augmentation.basis())
    compute_logits, policy = logits_model(model), choose_policy()
    weights = [variable.value for variable in model.trainable_variables]
    adam = make_adam(weights, recipe)

    def augmented(order: Tensor, step: Tensor, done: Tensor) -> Tensor:
        chosen = tf.ensure_shape(order[step % tf.shape(order)[0]], [batch])
        coefficients = augmentation.draw_coefficients(recipe, batch, tf.stack([seed, done + step]))
        positions = augmentation.sampling_positions(coefficients, basis)
        return augmentation.warp(tf.gather(packed, chosen), positions)

    def epoch(order: Tensor, rates: Tensor, done: Tensor) -> tuple[Tensor, Tensor]:
        loss_sum, correct = tf.constant(0.0), tf.constant(0)
        following = augmented(order, 0, done)
        for step in tf.range(tf.shape(order)[0]):
            # No operation below needs the next images: they are made while this step computes.
            pixels, following = following, augmented(order, step + 1, done)
            truth = tf.gather(labels, order[step])
            with tf.GradientTape() as tape, dtype_policy(compute_logits.layers, policy):
                logits = tf.cast(compute_logits(pixels, training=True), tf.float32)
                loss = _loss(truth, logits, recipe.label_smoothing) + sum(compute_logits.losses)
            adam(tape.gradient(loss, weights), rates[step], done + step + 1)
            loss_sum += loss
            hits = tf.argmax(logits, 1, tf.int32) == truth
            correct += tf.math.count_nonzero(hits, dtype=tf.int32)
        return loss_sum, correct

    compiled: EpochFn = tf.function(epoch)
    return lambda order, rates, done: compiled(order, rates, tf.constant(done))


def _loss(truth: Tensor, logits: Tensor, smoothing: float) -> Tensor:
    losses = keras.losses.categorical_crossentropy(
        tf.one_hot(truth, CLASSES), logits, from_logits=True, label_smoothing=smoothing
    )
    return tf.reduce_mean(losses)
