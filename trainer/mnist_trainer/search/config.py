"""The configuration of a search, and the part of it that its study must not change."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from mnist_trainer.data.dataset import Dataset
from mnist_trainer.errors import SettingError
from mnist_trainer.search.space import recipe_to_params, search_space
from mnist_trainer.search.study import Study
from mnist_trainer.training.recipes import Recipe


@dataclass(frozen=True)
class SearchConfig:
    """The configuration of a search.

    ``recipe`` is the first trial, and has the number of epochs in which the best recipe is trained;
    ``trials`` are those of all processes together, each of ``epochs``; ``limit`` is the number of
    training images to use, None for all; ``floor`` is the gate's, 0 to 1.
    """

    name: str
    recipe_name: str
    recipe: Recipe
    trials: int
    epochs: int
    seed: int
    limit: int | None
    floor: float


def list_fixed_settings(config: SearchConfig, data: Dataset) -> dict[str, Any]:
    """Return, as JSON's types, the settings that all trials of a study must have in common."""
    fixed = {"recipe": config.recipe_name} | asdict(config.recipe)
    fixed |= {
        "epochs": config.epochs,
        "seed": config.seed,
        "limit": config.limit,
        "dataset": data.name,
        "dataset_sha256": data.digest,
        "space": {name: str(each) for name, each in search_space(config.recipe).items()},
    }
    return dict(json.loads(json.dumps(fixed)))


def check_fixed_settings(study: Study, fixed: dict[str, Any], first: Recipe) -> None:
    """Compare ``fixed`` with the study's; a new study stores it and enqueues the recipe ``first``.

    Raises SettingError.
    """
    with study.exclusive():
        stored = study.get_attribute("terms")
        if stored is None:
            study.enqueue(recipe_to_params(first))
            study.set_attribute("terms", fixed)
            return
    stored = {"drawn": 0.0, "altered": 0.0} | stored  # a former version's study had neither
    for name, value in fixed.items():
        if stored.get(name) != value:
            raise SettingError(
                f"The study {study.name} was started with {name} {stored.get(name)}, which is now "
                f"{value}; name another one with --study."
            )
