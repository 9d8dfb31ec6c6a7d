"""What each command does."""

import argparse
import sys
from dataclasses import replace
from datetime import datetime

from mnist_trainer import library_logging
from mnist_trainer.cli.parser import chosen_recipe
from mnist_trainer.data.dataset import load
from mnist_trainer.errors import SettingError, TrainerError
from mnist_trainer.pipeline import outbox as unsent
from mnist_trainer.pipeline import rollback
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.health import answers
from mnist_trainer.tracking.registry import Registry, VersionError
from mnist_trainer.training.recipes import RECIPES

FAILED = 2  # exit code where something stands in the way
REJECTED = 3  # exit code of --require-promotion


def run(asked: argparse.Namespace, settings: Settings) -> int:
    """Do what was asked for and return the exit code; raises TrainerError."""
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    match asked.command:
        case "train":
            return _train(asked, settings, registry)
        case "resume-upload":
            return _resume(asked, settings)
        case "search":
            return _search(asked, settings, registry)
        case "promote":
            _promote(registry, asked.version)
        case "rollback":
            _roll_back(registry)
        case "versions":
            _list(registry)
    return 0


def _train(asked: argparse.Namespace, settings: Settings, registry: Registry) -> int:
    recipe = chosen_recipe(asked)
    if asked.if_missing and (present := registry.in_service()):
        print(f"Version {present.number} of {registry.name} is in service; nothing to train.")
        return 0
    data = load(settings.data_dir)
    with library_logging.mute():
        from mnist_trainer.pipeline.train import Order, train  # TensorFlow, which takes seconds
    order = Order(asked.recipe, recipe, seed=asked.seed, limit=asked.limit, floor=asked.floor)
    verdict = train(settings, registry, order, data)
    return REJECTED if asked.require_promotion and not verdict.promoted else 0


def _resume(asked: argparse.Namespace, settings: Settings) -> int:
    """Send what is unsent; one that cannot be sent does not hold up the next."""
    if settings.models_dir is None:
        raise SettingError("MODELS_DIR is not set; it is the folder where trainings are kept.")
    folders = unsent.list_unsent(settings.models_dir)
    if asked.run_id:
        folders = [each for each in folders if each.name == asked.run_id]
    if not folders:
        which = f"Of run {asked.run_id} nothing" if asked.run_id else "Nothing"
        print(f"{which} is unsent in {settings.models_dir}.")
        return 0
    data = load(settings.data_dir)
    with library_logging.mute():
        from mnist_trainer.pipeline.resume import resume  # TensorFlow, which takes seconds
    codes = [0]
    for folder in folders:
        try:
            promoted = resume(settings, folder, data).promoted
            codes.append(REJECTED if asked.require_promotion and not promoted else 0)
        except TrainerError as error:
            print(error, file=sys.stderr)
            codes.append(FAILED)
            if not answers(settings.tracking_uri):
                break
    return FAILED if FAILED in codes else max(codes)


def _promote(registry: Registry, number: int) -> None:
    version, current = registry.find(number), registry.in_service()
    if current and current.number == number:
        print(f"Version {number} of {registry.name} is in service already.")
        return
    registry.promote(version, over=current)
    place = f", in the place of version {current.number}" if current else ""
    print(f"Version {number} of {registry.name} is now in service{place}.")


def _roll_back(registry: Registry) -> None:
    current = registry.in_service()
    if current is None:
        raise VersionError(
            f"No version of {registry.name} is in service, so there is nothing to roll back."
        )
    target = rollback.choose(current, registry.versions())
    registry.roll_back(current, target)
    print(
        f"Version {target.number} of {registry.name} is in service again, in the place of "
        f"version {current.number}."
    )


def _list(registry: Registry) -> None:
    versions, current = registry.versions(), registry.in_service()
    if not versions:
        print(f"There is no version of {registry.name} yet; the command `train` makes one.")
        return
    print(f"{'version':>7}  {'accuracy':>8}  {'made':16}  {'in service':10}  gate")
    for each in versions:
        made = datetime.fromtimestamp(each.made).strftime("%Y-%m-%d %H:%M")
        mark = registry.alias if current and each.number == current.number else ""
        accuracy, gate = (each.tags.get(key, "-") for key in ("test_accuracy", "gate"))
        print(f"{each.number:>7}  {accuracy:>8}  {made:16}  {mark:10}  {gate}")


def _search(asked: argparse.Namespace, settings: Settings, registry: Registry) -> int:
    data = load(settings.data_dir)
    with library_logging.mute():
        from mnist_trainer.search.config import Search
        from mnist_trainer.search.run import search  # TensorFlow and Optuna, which take seconds
    recipe = RECIPES[asked.recipe]
    wanted = Search(
        name=asked.study or asked.recipe,
        recipe_name=asked.recipe,
        recipe=replace(recipe, epochs=asked.retrain_epochs or recipe.epochs),
        trials=asked.trials,
        epochs=asked.epochs or max(1, recipe.epochs // 3),
        seed=asked.seed,
        limit=asked.limit,
        floor=asked.floor,
    )
    verdict = search(settings, registry, wanted, data)
    return REJECTED if asked.require_promotion and not verdict.promoted else 0
