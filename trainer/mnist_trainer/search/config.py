"""What a search is told, and what of it must not change while its study goes on."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from mnist_trainer.data.dataset import Dataset
from mnist_trainer.errors import SettingError
from mnist_trainer.search.space import settings_of, span_around
from mnist_trainer.search.study import Study
from mnist_trainer.training.recipes import Recipe


@dataclass(frozen=True)
class Search:
    """What a search is told.

    ``recipe`` is where it begins, and says how long its best recipe is trained in the end;
    ``trials`` are those of all searchers and of all times together, each of ``epochs``; ``limit``
    is the most training images to use, None for all.
    """

    name: str
    recipe_name: str
    recipe: Recipe
    trials: int
    epochs: int
    seed: int
    limit: int | None
    floor: float


def list_terms(wanted: Search, data: Dataset) -> dict[str, Any]:
    """Return, as JSON has it, all that makes the trials of one study comparable."""
    terms = {"recipe": wanted.recipe_name} | asdict(wanted.recipe)
    terms |= {
        "epochs": wanted.epochs,
        "seed": wanted.seed,
        "limit": wanted.limit,
        "dataset": data.name,
        "dataset_sha256": data.digest,
        "space": {name: str(each) for name, each in span_around(wanted.recipe).items()},
    }
    return dict(json.loads(json.dumps(terms)))


def agree(study: Study, terms: dict[str, Any], first: Recipe) -> None:
    """Begin a study with its terms and the recipe as its first trial, or check that they hold.

    Raises SettingError.
    """
    with study.alone():
        before = study.recall("terms")
        if before is None:
            study.enqueue(settings_of(first))
            study.note("terms", terms)
            return
    for name, value in terms.items():
        if before.get(name) != value:
            raise SettingError(
                f"The study {study.name} was begun with {name} {before.get(name)}, which is now "
                f"{value}; name another one with --study."
            )
