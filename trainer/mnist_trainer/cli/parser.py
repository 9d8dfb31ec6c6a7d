"""The command line: commands and options."""

import argparse
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, NoReturn

from mnist_trainer.cli.option_types import format_value, number_between, parse_name, widths_between
from mnist_trainer.errors import SettingError
from mnist_trainer.training.recipes import RECIPES, Recipe

FLOOR = 0.97  # accuracy; every recipe reaches it, a failed training does not
LARGEST_SEED = 1_000_000


class Parser(argparse.ArgumentParser):
    """Raises its errors as one sentence, like every other error of the trainer."""

    def error(self, message: str) -> NoReturn:
        """Raise SettingError."""
        raise SettingError(f"{message[:1].upper()}{message[1:]}; see `{self.prog} --help`.")


def parse_args(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; raises SettingError."""
    parser = Parser(
        prog="python -m mnist_trainer",
        description="Trains a model that classifies handwritten digits, registers every version in "
        "MLflow, and decides which one is promoted.",
        epilog="Environment variables: MLFLOW_TRACKING_URI, "
        "MLFLOW_EXPERIMENT_NAME, MODEL_NAME, MODEL_ALIAS, DATA_DIR, MODELS_DIR, API_URL, "
        "OPTUNA_STORAGE, OPTUNA_PASSWORD_FILE.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add_resume(commands)
    _add_search(commands)
    summary = "promote a version by hand, whatever the gate decided"
    promote = commands.add_parser("promote", help=summary, description=_sentence(summary))
    promote.add_argument(
        "version",
        metavar="VERSION",
        type=number_between(int, 1, 2**31 - 1),
        help="its number, such as 3",
    )
    summary = "move the alias back to the version that the promoted one replaced"
    details = " Repeated, it goes back further, and never to a version that was rolled back."
    commands.add_parser("rollback", help=summary, description=_sentence(summary) + details)
    summary = "list the versions: accuracy, date, which one is promoted, the gate's decision"
    details = " Where API_URL is set, also which one is active in that API, and why not another."
    commands.add_parser("versions", help=summary, description=_sentence(summary) + details)
    summary = "list which version was desired and active from when to when, and who moved the alias"
    commands.add_parser("history", help=summary, description=_sentence(summary))
    _add_robustness(commands)
    return parser.parse_args(arguments)


def choose_recipe(args: argparse.Namespace) -> Recipe:
    """Return the named recipe with the values of single options."""
    changed = {each.name: getattr(args, each.name) for each in fields(Recipe)}
    return replace(
        RECIPES[args.recipe],
        **{name: value for name, value in changed.items() if value is not None},
    )


def _add_train(commands: Any) -> None:
    summary = "train a model, register it and promote it where the gate passes"
    train = commands.add_parser("train", help=summary, description=_sentence(summary))
    train.add_argument(
        "--if-missing", action="store_true", help="do nothing where a version is promoted"
    )
    _add_training_options(train)
    single = train.add_argument_group("settings of the recipe")
    for each in fields(Recipe):
        low, high = each.metadata["low"], each.metadata["high"]
        values = " / ".join(format_value(getattr(recipe, each.name)) for recipe in RECIPES.values())
        single.add_argument(
            f"--{each.name.replace('_', '-')}",
            metavar="N,N..." if each.name == "hidden" else "N",
            type=widths_between(low, high)
            if each.name == "hidden"
            else number_between(each.type, low, high),
            help=f"{each.metadata['help']} ({' / '.join(RECIPES)}: {values})",
        )


def _add_resume(commands: Any) -> None:
    summary = (
        "send the trainings that are not on the tracking server, and promote where the gate passes"
    )
    details = (
        " They are stored below MODELS_DIR with their model name and alias. MLFLOW_TRACKING_URI is "
        "the server's present address, DATA_DIR the data set of the training."
    )
    resume = commands.add_parser(
        "resume-upload", help=summary, description=_sentence(summary) + details
    )
    resume.add_argument(
        "run_id", metavar="RUN_ID", nargs="?", help="this one alone; all of them otherwise"
    )
    _add_require_promotion(resume)


def _add_robustness(commands: Any) -> None:
    summary = "measure a version on test images that are turned, thinned, shifted or corrupted"
    details = (
        " The 15 corruptions are those of MNIST-C (Mu and Gilmer, 2019), on 2,500 images at most. "
        "DATA_DIR is the data set."
    )
    robustness = commands.add_parser(
        "robustness", help=summary, description=_sentence(summary) + details
    )
    robustness.add_argument(
        "version",
        metavar="VERSION",
        nargs="?",
        type=number_between(int, 1, 2**31 - 1),
        help="its number, such as 3; the promoted version otherwise",
    )


def _add_search(commands: Any) -> None:
    summary = "search for better settings near a recipe's, and train the best in full"
    details = (
        " The test images are used for the gate alone. The same command continues an interrupted "
        "search; run several times at once, the processes share the trials."
    )
    search = commands.add_parser("search", help=summary, description=_sentence(summary) + details)
    search.add_argument(
        "--trials",
        metavar="N",
        type=number_between(int, 1, 10_000),
        default=20,
        help="number of trials, those of earlier and other processes included (%(default)s)",
    )
    search.add_argument(
        "--study",
        metavar="NAME",
        type=parse_name,
        help="name of the study to create or to continue (the recipe's name)",
    )
    search.add_argument(
        "--epochs",
        metavar="N",
        type=number_between(int, 1, 10_000),
        help="epochs of a trial (a third of the recipe's)",
    )
    search.add_argument(
        "--retrain-epochs",
        metavar="N",
        type=number_between(int, 1, 10_000),
        help="epochs of the final training (the recipe's)",
    )
    _add_training_options(search)


def _add_training_options(command: Any) -> None:
    _add_require_promotion(command)
    command.add_argument(
        "--recipe", choices=RECIPES, default="default", help="named settings (%(default)s)"
    )
    command.add_argument(
        "--seed",
        type=number_between(int, 0, LARGEST_SEED),
        default=0,
        help="seed of all random numbers; the same seed gives the same weights (%(default)s)",
    )
    command.add_argument(
        "--limit",
        metavar="N",
        type=number_between(int, 1, 2**31 - 1),
        help="use only the first N training images, for a quick try",
    )
    command.add_argument(
        "--floor",
        metavar="SHARE",
        type=number_between(float, 0.0, 1.0),
        default=FLOOR,
        help="accuracy on the test images below which nothing is promoted (%(default)s)",
    )


def _add_require_promotion(command: Any) -> None:
    command.add_argument(
        "--require-promotion",
        action="store_true",
        help="exit with 3 instead of 0 where the gate rejects the new version",
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
