"""The hyperparameters of a training, and named sets of them."""

from dataclasses import dataclass, field
from typing import Any


def _setting(text: str, low: float, high: float) -> Any:
    return field(metadata={"help": text, "low": low, "high": high})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The hyperparameters: with the data and the seed they determine the weights."""

    hidden: tuple[int, ...] = _setting("widths of the hidden layers", 1, 8192)
    epochs: int = _setting("passes over the training images", 1, 10_000)
    batch_size: int = _setting("images a step", 1, 65_536)
    learning_rate: float = _setting("Adam's highest learning rate", 1e-7, 1.0)
    warmup: float = _setting("share of the steps in which the learning rate rises", 0.0, 1.0)
    beta_1: float = _setting("Adam's decay rate of the mean gradient", 0.0, 0.9999)
    beta_2: float = _setting("Adam's decay rate of the mean squared gradient", 0.0, 0.99999)
    label_smoothing: float = _setting("share of a label spread over all ten classes", 0.0, 0.9)
    elastic: float = _setting("elastic distortion, pixels", 0.0, 5.0)
    rotation: float = _setting("largest rotation, degrees", 0.0, 90.0)
    scale: float = _setting("largest scaling, as a share", 0.0, 0.9)
    shear: float = _setting("largest shear, as a share", 0.0, 0.9)
    shift: float = _setting("largest shift, pixels", 0.0, 14.0)
    altered: float = _setting(
        "share of MNIST's images made narrow, thin, thick or coarse", 0.0, 1.0
    )
    drawn: float = _setting("drawn digits added to MNIST's images, as a share", 0.0, 1.0)


def _default(**changed: Any) -> Recipe:
    settings: dict[str, Any] = {
        "hidden": (256, 128),
        "epochs": 70,
        "batch_size": 512,
        "learning_rate": 2e-3,
        "warmup": 0.05,
        "beta_1": 0.9,
        "beta_2": 0.99,
        "label_smoothing": 0.05,
        "elastic": 0.8,
        "rotation": 10.0,
        "scale": 0.1,
        "shear": 0.1,
        "shift": 1.0,
        "altered": 0.12,
        "drawn": 0.25,
    }
    return Recipe(**(settings | changed))


_AS_THEY_ARE = dict.fromkeys(
    ("elastic", "rotation", "scale", "shear", "shift", "altered", "drawn"), 0.0
)

RECIPES = {
    # some 98 % in seconds, to run all stages once
    "quick": _default(epochs=6, batch_size=256, **_AS_THEY_ARE),
    # some 99.3 % in less than a minute on two cores
    "default": _default(),
    # some 99.5 % in a quarter of an hour
    "best": _default(
        hidden=(1024, 512),
        epochs=300,
        learning_rate=1.5e-3,
        elastic=1.1,
        rotation=13.0,
        scale=0.15,
        shear=0.15,
    ),
}
