"""What a search may change of a recipe, and within which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from mnist_trainer.training.recipes import Recipe


@dataclass(frozen=True)
class Span:
    """The values of one field of a recipe; ``log``: as likely to be doubled as to be halved."""

    field: str
    low: float
    high: float
    log: bool = False


SPANS = (
    Span("batch_size", 128, 1024, log=True),
    Span("learning_rate", 3e-4, 1e-2, log=True),
    Span("warmup", 0.0, 0.2),
    Span("label_smoothing", 0.0, 0.15),
    Span("elastic", 0.0, 1.5),
    Span("rotation", 0.0, 20.0),
    Span("scale", 0.0, 0.25),
    Span("shear", 0.0, 0.25),
    Span("shift", 0.0, 2.0),
)
HIDDEN = ((128, 64), (256, 128), (384, 192), (512, 256))


def span_around(recipe: Recipe) -> dict[str, BaseDistribution]:
    """Return what Optuna may draw for each setting; the values of ``recipe`` are among it."""
    widths = sorted({*HIDDEN, recipe.hidden})
    space: dict[str, BaseDistribution] = {
        "hidden": CategoricalDistribution([_name(each) for each in widths])
    }
    for span in SPANS:
        value = getattr(recipe, span.field)
        low, high = min(span.low, value), max(span.high, value)
        if isinstance(value, int):
            space[span.field] = IntDistribution(int(low), int(high), log=span.log)
        else:
            space[span.field] = FloatDistribution(low, high, log=span.log)
    return space


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe the way Optuna would have drawn it."""
    return {"hidden": _name(recipe.hidden)} | {
        span.field: getattr(recipe, span.field) for span in SPANS
    }


def recipe_of(drawn: Mapping[str, Any], recipe: Recipe, epochs: int) -> Recipe:
    """Return ``recipe`` with the settings that were drawn, to be trained for ``epochs``."""
    widths = tuple(int(width) for width in drawn["hidden"].split("-"))
    return replace(recipe, **{**drawn, "hidden": widths, "epochs": epochs})


def _name(widths: tuple[int, ...]) -> str:
    return "-".join(map(str, widths))
