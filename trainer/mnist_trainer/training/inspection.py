"""What a model consists of, for people: its layers as text, the weights of its first layer."""

import keras  # type: ignore[import-untyped]  # ships no types
import numpy as np
from numpy.typing import NDArray

from mnist_trainer.signature import PIXELS


def describe_layers(model: keras.Sequential) -> str:
    """Return the layers in their order, such as `Dense 256 relu, Dropout, Dense 10, Softmax`."""
    return ", ".join(map(_describe, model.layers))


def find_first_kernel(model: keras.Sequential) -> NDArray[np.float32] | None:
    """Return the weights of the first layer that has any, float [784, units].

    None where that layer is not connected to the pixels one by one.
    """
    kernels = (getattr(layer, "kernel", None) for layer in model.layers)
    kernel = next((each for each in kernels if each is not None), None)
    if kernel is None or len(kernel.shape) != 2 or kernel.shape[0] != PIXELS:
        return None
    return np.asarray(kernel.numpy(), np.float32)


def _describe(layer: keras.Layer) -> str:
    words = [type(layer).__name__]
    if isinstance(layer, keras.layers.Dense):
        words.append(str(layer.units))
    activation = getattr(layer, "activation", None)
    if activation and activation is not keras.activations.linear:
        words.append(getattr(activation, "__name__", type(activation).__name__))
    return " ".join(words)
