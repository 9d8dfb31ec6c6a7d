"""What each command does."""

import argparse
import sys
from dataclasses import replace

from mnist_trainer import library_logging
from mnist_trainer.cli.history import describe_history
from mnist_trainer.cli.parser import choose_recipe
from mnist_trainer.cli.robustness import describe_robustness
from mnist_trainer.cli.versions import describe_versions, list_warnings
from mnist_trainer.data.dataset import load_dataset
from mnist_trainer.errors import SettingError, TrainerError
from mnist_trainer.pipeline import outbox, rollback
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.health import is_healthy
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import VersionError
from mnist_trainer.training.recipes import RECIPES

FAILED = 2  # exit code on an error
REJECTED = 3  # exit code of --require-promotion


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run a command and return the exit code; raises TrainerError."""
    registry = Registry(
        settings.tracking_uri, settings.model_name, settings.model_alias, args.command
    )
    match args.command:
        case "train":
            return _train(args, settings, registry)
        case "resume-upload":
            return _resume(args, settings)
        case "search":
            return _search(args, settings, registry)
        case "promote":
            _promote(registry, args.version)
        case "rollback":
            _roll_back(registry)
        case "versions":
            print("\n".join(describe_versions(registry, settings)))
        case "history":
            print("\n".join(describe_history(registry)))
        case "robustness":
            test = load_dataset(settings.data_dir).test
            print("\n".join(describe_robustness(registry, args.version, test)))
    return 0


def _train(args: argparse.Namespace, settings: Settings, registry: Registry) -> int:
    recipe = choose_recipe(args)
    if args.if_missing and (desired := registry.desired_version()):
        print(f"Version {desired.number} of {registry.name} is promoted; nothing to train.")
        return 0
    data = load_dataset(settings.data_dir)
    with library_logging.silence_stderr():
        from mnist_trainer.pipeline.train import TrainConfig, train  # imports TensorFlow: seconds
    config = TrainConfig(args.recipe, recipe, seed=args.seed, limit=args.limit, floor=args.floor)
    decision = train(settings, registry, config, data)
    return REJECTED if args.require_promotion and not decision.promoted else 0


def _resume(args: argparse.Namespace, settings: Settings) -> int:
    """Send the stored trainings; one that fails does not prevent the next."""
    if settings.models_dir is None:
        raise SettingError("MODELS_DIR is not set; it is the folder where trainings are stored.")
    folders = outbox.list_folders(settings.models_dir)
    if args.run_id:
        folders = [each for each in folders if each.name == args.run_id]
    if not folders:
        which = f"Of run {args.run_id} nothing" if args.run_id else "Nothing"
        print(f"{which} is unsent in {settings.models_dir}.")
        return 0
    data = load_dataset(settings.data_dir)
    with library_logging.silence_stderr():
        from mnist_trainer.pipeline.resume import resume  # imports TensorFlow: seconds
    codes = [0]
    for folder in folders:
        try:
            promoted = resume(settings, folder, data).promoted
            codes.append(REJECTED if args.require_promotion and not promoted else 0)
        except TrainerError as error:
            print(error, file=sys.stderr)
            codes.append(FAILED)
            if not is_healthy(settings.tracking_uri):
                break
    return FAILED if FAILED in codes else max(codes)


def _promote(registry: Registry, number: int) -> None:
    version, current = registry.find(number), registry.desired_version()
    if registry.aliases().get(registry.alias) == number:
        print(f"Version {number} of {registry.name} is promoted already.")
        return
    over = current if current and current.number != number else None  # it may have the stage alone
    registry.promote(version, over)
    replaced = f"; it replaces version {over.number}" if over else ""
    print(f"Version {number} of {registry.name} is promoted{replaced}.")
    _warn(registry)


def _roll_back(registry: Registry) -> None:
    current, versions = registry.desired_version(), registry.versions()
    if not versions:
        raise VersionError(
            f"No version of {registry.name} is promoted, so there is nothing to roll back."
        )
    target = rollback.choose_version(current, versions)
    registry.roll_back(current, target)
    print(
        f"Version {current.number} of {registry.name} is rolled back; "
        if current
        else f"The version of {registry.name} that was promoted last is gone; ",
        f"version {target.number} is promoted again.",
        sep="",
    )
    _warn(registry)


def _warn(registry: Registry) -> None:
    for line in list_warnings(registry, registry.versions(), registry.aliases()):
        print(line)


def _search(args: argparse.Namespace, settings: Settings, registry: Registry) -> int:
    data = load_dataset(settings.data_dir)
    with library_logging.silence_stderr():  # imports TensorFlow and Optuna: seconds
        from mnist_trainer.search.config import SearchConfig
        from mnist_trainer.search.run import search
    recipe = RECIPES[args.recipe]
    config = SearchConfig(
        name=args.study or args.recipe,
        recipe_name=args.recipe,
        recipe=replace(recipe, epochs=args.retrain_epochs or recipe.epochs),
        trials=args.trials,
        epochs=args.epochs or max(1, recipe.epochs // 3),
        seed=args.seed,
        limit=args.limit,
        floor=args.floor,
    )
    decision = search(settings, registry, config, data)
    return REJECTED if args.require_promotion and not decision.promoted else 0
