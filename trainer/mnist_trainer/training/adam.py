"""Adam (Kingma and Ba 2014) with one fused operation a weight; Keras' own takes ten for each."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.training.recipes import Recipe

EPSILON = 1e-7  # prevents a division by zero

Tensor = Any
AdamFn = Callable[[Sequence[Tensor], Tensor, Tensor], None]


def make_adam(weights: Sequence[tf.Variable], recipe: Recipe) -> AdamFn:
    """Return a function that changes ``weights`` by one step of Adam.

    Its arguments: the gradient of each weight; the learning rate; the step's number, from 1.
    """
    means = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
    squares = [tf.Variable(tf.zeros_like(weight)) for weight in weights]

    def step(gradients: Sequence[Tensor], rate: Tensor, number: Tensor) -> None:
        power = tf.cast(number, tf.float32)
        for weight, mean, square, gradient in zip(weights, means, squares, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
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
