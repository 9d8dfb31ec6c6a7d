"""The network: dense layers, from 784 pixels to ten probabilities."""

from collections.abc import Sequence

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.signature import CLASSES, PIXELS


def build(hidden: Sequence[int], seed: int) -> keras.Sequential:
    """Return a fresh network, float32 [n, 784] of 0 to 1 → float32 [n, 10] of probabilities.

    The same ``seed`` gives the same weights: He et al.'s for layers with a ReLU behind them, and
    of half that variance for the last one.
    """
    network = keras.Sequential([keras.Input((PIXELS,), name="pixels")], name="mnist")
    for place, width in enumerate(hidden):
        start = keras.initializers.HeNormal(seed=seed * 100 + place)
        network.add(
            keras.layers.Dense(
                width, activation="relu", kernel_initializer=start, name=f"hidden_{place + 1}"
            )
        )
    start = keras.initializers.LecunNormal(seed=seed * 100 + len(hidden))
    network.add(
        keras.layers.Dense(
            CLASSES, activation="softmax", kernel_initializer=start, name="probabilities"
        )
    )
    return network
