"""The search space: which hyperparameters of a recipe are sampled, and from which ranges."""

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
class Range:
    """The values of one field of a recipe; ``log``: uniform in the logarithm."""

    field: str
    low: float
    high: float
    log: bool = False


RANGES = (
    Range("batch_size", 128, 1024, log=True),
    Range("learning_rate", 3e-4, 1e-2, log=True),
    Range("warmup", 0.0, 0.2),
    Range("label_smoothing", 0.0, 0.15),
    Range("elastic", 0.0, 1.5),
    Range("rotation", 0.0, 20.0),
    Range("scale", 0.0, 0.25),
    Range("shear", 0.0, 0.25),
    Range("shift", 0.0, 2.0),
)
HIDDEN = ((128, 64), (256, 128), (384, 192), (512, 256))


def search_space(recipe: Recipe) -> dict[str, BaseDistribution]:
    """Return Optuna's distribution of each hyperparameter; each includes the recipe's value."""
    widths = sorted({*HIDDEN, recipe.hidden})
    space: dict[str, BaseDistribution] = {
        "hidden": CategoricalDistribution([_format(each) for each in widths])
    }
    for each in RANGES:
        value = getattr(recipe, each.field)
        low, high = min(each.low, value), max(each.high, value)
        if isinstance(value, int):
            space[each.field] = IntDistribution(int(low), int(high), log=each.log)
        else:
            space[each.field] = FloatDistribution(low, high, log=each.log)
    return space


def recipe_to_params(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as parameters of an Optuna trial."""
    return {"hidden": _format(recipe.hidden)} | {
        each.field: getattr(recipe, each.field) for each in RANGES
    }


def params_to_recipe(params: Mapping[str, Any], recipe: Recipe, epochs: int) -> Recipe:
    """Return ``recipe`` with the parameters of a trial and with ``epochs``."""
    widths = tuple(int(width) for width in params["hidden"].split("-"))
    return replace(recipe, **{**params, "hidden": widths, "epochs": epochs})


def _format(widths: tuple[int, ...]) -> str:
    return "-".join(map(str, widths))
