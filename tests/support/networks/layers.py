"""Networks of many kinds of layers and activations, and some that cannot be exported."""

from collections.abc import Callable

import keras  # type: ignore[import-untyped]  # ships no types
from keras import layers

Layers = Callable[[], list[keras.Layer]]

ACTIVATIONS = [
    name
    for name in dir(keras.activations)
    if name[0] != "_" and name not in {"deserialize", "serialize", "get"}
]


def activation(name: str) -> Layers:
    """Return layers with an activation of Keras."""
    if name == "glu":  # halves the width, which Dense and Activation do not know
        return lambda: [layers.Dense(16), Glu()]
    return lambda: [layers.Dense(16, activation=threshold if name == "threshold" else name)]


def threshold(values: object) -> object:
    """Return the values above 0.1, and 0 for the others."""
    return keras.activations.threshold(values, 0.1, 0.0)


class Glu(keras.Layer):
    """The gated linear unit."""

    def call(self, values: object) -> object:
        """Halve the width."""
        return keras.activations.glu(values)


def image(*inner: keras.Layer) -> list[keras.Layer]:
    """Return layers between an image, [n, 28, 28, 1], and a flat output."""
    return [layers.Reshape((28, 28, 1)), *inner, layers.Flatten()]


def rows(*inner: keras.Layer) -> list[keras.Layer]:
    """Return layers on the rows of an image, [n, 28, 28]."""
    return [layers.Reshape((28, 28)), *inner]


NETWORKS: dict[str, Layers] = {
    "convolution": lambda: image(
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(),
        layers.SpatialDropout2D(0.1),
        layers.Conv2D(4, 3, strides=2, padding="same", activation="gelu"),
        layers.AveragePooling2D(2),
    ),
    "separable": lambda: image(
        layers.ZeroPadding2D(1),
        layers.SeparableConv2D(4, 3),
        layers.DepthwiseConv2D(3),
        layers.GlobalAveragePooling2D(),
    ),
    "sequence": lambda: rows(
        layers.Conv1D(8, 3),
        layers.MaxPooling1D(2),
        layers.LSTM(4, return_sequences=True),
        layers.GlobalMaxPooling1D(),
    ),
    "noise": lambda: [
        layers.GaussianNoise(0.1),
        layers.Dense(16),
        layers.GaussianDropout(0.1),
        layers.AlphaDropout(0.1),
        layers.Dropout(0.1),
    ],
    "augmentation": lambda: image(layers.RandomRotation(0.1), layers.RandomTranslation(0.1, 0.1)),
    "normalisation": lambda: [
        layers.Normalization(mean=0.13, variance=0.09),
        layers.Dense(16),
        layers.LayerNormalization(),
        layers.PReLU(),
        layers.GroupNormalization(4),
        layers.UnitNormalization(),
        layers.Dense(8, activation=layers.LeakyReLU()),
        layers.RMSNormalization(),
    ],
    "activations": lambda: [
        layers.Dense(8, activation=name)
        for name in ("gelu", "celu", "sparsemax", "squareplus", "log_sigmoid", "soft_shrink")
    ],
    "nested": lambda: [keras.Sequential([layers.Dense(16, activation="gelu")])],
}

REFUSED: dict[str, tuple[Layers, str]] = {
    "a loop": (
        lambda: rows(layers.GRU(4, name="memory")),
        r"layer memory \(GRU\) becomes a loop, which the API does not run; use LSTM, or set unroll",
    ),
    "an operator that ONNX lacks": (
        lambda: [layers.Discretization([0.5], name="levels"), layers.Dense(4)],
        r"lacks the operator Bucketize, which layer levels \(Discretization\) needs; use another",
    ),
    "a network that ONNX Runtime cannot run": (
        lambda: [layers.Dense(16), layers.Masking()],
        r"cannot be run \(\w+\) because of layer softmax_softmax \(Softmax\); use another layer",
    ),
    "too many weights": (
        lambda: [layers.Dense(8192, name="wide"), layers.Dense(1024)],
        r"has 56\.6 MB in ONNX, and the API loads at most 32 MB; use fewer or narrower layers\.$",
    ),
    "shapes that do not fit": (
        lambda: [layers.Dense(16, activation="glu")],
        r"cannot be exported to ONNX: .*expected axis -1 of input shape to have value 16",
    ),
}
