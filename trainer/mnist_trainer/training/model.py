"""The model: dense layers, from 784 pixels to ten probabilities.

This definition is the only one. It is trained, evaluated, exported and shown as it stands here.
"""

from collections.abc import Sequence

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.errors import TrainerError
from mnist_trainer.signature import CLASSES, PIXELS


class ModelError(TrainerError):
    """A model does not have the inputs, the outputs or the last layer that a training needs."""


def build_model(hidden: Sequence[int], seed: int) -> keras.Sequential:
    """Return an untrained model, float32 [n, 784] of 0 to 1 → float32 [n, 10] of probabilities.

    The same ``seed`` gives the same weights: those of He et al. (2015) for layers with a ReLU, and
    of half that variance for the last one. Any other `keras.Sequential` of these shapes that ends
    in a softmax can be returned instead, with any activation of Keras. The few that the API cannot
    run (more than 32 MB, a loop, an operator that ONNX lacks) are refused before the training.
    """
    model = keras.Sequential([keras.Input((PIXELS,), name="pixels")], name="mnist")
    for index, width in enumerate(hidden):
        initializer = keras.initializers.HeNormal(seed=seed * 100 + index)
        model.add(
            keras.layers.Dense(
                width, activation="relu", kernel_initializer=initializer, name=f"hidden_{index + 1}"
            )
        )
    initializer = keras.initializers.LecunNormal(seed=seed * 100 + len(hidden))
    model.add(keras.layers.Dense(CLASSES, kernel_initializer=initializer, name="logits"))
    model.add(keras.layers.Softmax(name="probabilities"))
    return model


def separate_softmax(model: keras.Sequential) -> None:
    """Make the softmax the last layer on its own, so that the layer before gives the logits.

    The model computes the same as before. Raises ModelError.
    """
    if not model.built:
        model.build((None, PIXELS))
    shapes = model.input_shape, model.output_shape
    if shapes != ((None, PIXELS), (None, CLASSES)):
        raise ModelError(
            f"The model's shapes are {shapes[0]} → {shapes[1]}; "
            f"needed are (None, {PIXELS}) → (None, {CLASSES})."
        )
    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return
    if getattr(last, "activation", None) is not keras.activations.softmax:
        raise ModelError(
            f"The model's last layer is {last.name}; needed is a softmax, as a layer or as the "
            "last layer's activation."
        )
    last.activation = keras.activations.linear
    model.add(keras.layers.Softmax(name=f"{last.name}_softmax"))


def logits_model(model: keras.Sequential) -> keras.Sequential:
    """Return ``model`` without its softmax layer; the two share their layers and weights."""
    return keras.Sequential([keras.Input((PIXELS,)), *model.layers[:-1]])
