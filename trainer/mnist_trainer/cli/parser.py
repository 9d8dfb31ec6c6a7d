"""The command line: what can be asked for, and what each option means."""

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, NoReturn

from mnist_trainer.errors import SettingError
from mnist_trainer.training.recipes import RECIPES, Recipe

FLOOR = 0.97  # of the test images; a broken training falls below, each of the recipes does not
LARGEST_SEED = 1_000_000


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, like every other error of the trainer."""

    def error(self, message: str) -> NoReturn:
        """Raise SettingError."""
        raise SettingError(f"{message[:1].upper()}{message[1:]}; see `{self.prog} --help`.")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; raises SettingError."""
    parser = Parser(
        prog="python -m mnist_trainer",
        description="Trains a network to read handwritten digits, keeps every version of it in "
        "MLflow's registry, and decides which one is in service.",
        epilog="Where it reads and writes is set in the environment: MLFLOW_TRACKING_URI, "
        "MLFLOW_EXPERIMENT_NAME, MODEL_NAME, MODEL_ALIAS, DATA_DIR, MODELS_DIR.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add_resume(commands)
    _add_search(commands)
    text = "put a version into service by hand, whatever the gate said of it"
    promote = commands.add_parser("promote", help=text, description=_sentence(text))
    promote.add_argument(
        "version", metavar="VERSION", type=_number(int, 1, 2**31 - 1), help="its number, such as 3"
    )
    text = "put the version into service again that the one in service replaced"
    further = " Repeated, it goes back further, and never to a version that it has taken out."
    commands.add_parser("rollback", help=text, description=_sentence(text) + further)
    text = "list the versions: accuracy, what the gate said, which one is in service, when made"
    commands.add_parser("versions", help=text, description=_sentence(text))
    return parser.parse_args(arguments)


def chosen_recipe(asked: argparse.Namespace) -> Recipe:
    """Return the recipe that was named, with what single options change of it."""
    changed = {each.name: getattr(asked, each.name) for each in fields(Recipe)}
    return replace(
        RECIPES[asked.recipe],
        **{name: value for name, value in changed.items() if value is not None},
    )


def _add_train(commands: Any) -> None:
    text = "train a network, register it and promote it where the gate lets it"
    train = commands.add_parser("train", help=text, description=_sentence(text))
    train.add_argument(
        "--if-missing", action="store_true", help="do nothing where a version is in service"
    )
    _add_shared(train)
    single = train.add_argument_group("settings of the recipe, each of which may be changed")
    for each in fields(Recipe):
        low, high = each.metadata["low"], each.metadata["high"]
        values = " / ".join(_shown(getattr(recipe, each.name)) for recipe in RECIPES.values())
        single.add_argument(
            f"--{each.name.replace('_', '-')}",
            metavar="N,N..." if each.name == "hidden" else "N",
            type=_widths(low, high) if each.name == "hidden" else _number(each.type, low, high),
            help=f"{each.metadata['help']} ({' / '.join(RECIPES)}: {values})",
        )


def _add_resume(commands: Any) -> None:
    text = "send the trainings that the tracking server missed, and promote where the gate lets it"
    further = (
        " They are kept below MODELS_DIR, with the model name and the alias they were trained for. "
        "MLFLOW_TRACKING_URI is where the server is now, DATA_DIR holds the data set they learned."
    )
    resume = commands.add_parser("resume-upload", help=text, description=_sentence(text) + further)
    resume.add_argument(
        "run_id", metavar="RUN_ID", nargs="?", help="this one alone; all of them otherwise"
    )
    _add_require_promotion(resume)


def _add_search(commands: Any) -> None:
    text = "try settings near a recipe's in short trainings, and train the best of them in full"
    further = (
        " The test images decide at the gate alone. An interrupted search goes on when the command"
        " is given again; given several times at once, its searchers share the trials."
    )
    search = commands.add_parser("search", help=text, description=_sentence(text) + further)
    search.add_argument(
        "--trials",
        metavar="N",
        type=_number(int, 1, 10_000),
        default=20,
        help="trainings to try, with those of earlier and other searchers (%(default)s)",
    )
    search.add_argument(
        "--study",
        metavar="NAME",
        type=_name,
        help="which search to begin or to go on with (that of the recipe's name)",
    )
    search.add_argument(
        "--epochs",
        metavar="N",
        type=_number(int, 1, 10_000),
        help="passes over the training images in a trial (a third of the recipe's)",
    )
    search.add_argument(
        "--retrain-epochs",
        metavar="N",
        type=_number(int, 1, 10_000),
        help="passes in the training of the best (the recipe's)",
    )
    _add_shared(search)


def _add_shared(command: Any) -> None:
    _add_require_promotion(command)
    command.add_argument(
        "--recipe", choices=RECIPES, default="default", help="named settings (%(default)s)"
    )
    command.add_argument(
        "--seed",
        type=_number(int, 0, LARGEST_SEED),
        default=0,
        help="another seed, another network; the same seed, the same network (%(default)s)",
    )
    command.add_argument(
        "--limit",
        metavar="N",
        type=_number(int, 1, 2**31 - 1),
        help="use the first N training images alone, for a quick try",
    )
    command.add_argument(
        "--floor",
        metavar="SHARE",
        type=_number(float, 0.0, 1.0),
        default=FLOOR,
        help="share of the test images below which nothing is promoted (%(default)s)",
    )


def _add_require_promotion(command: Any) -> None:
    command.add_argument(
        "--require-promotion",
        action="store_true",
        help="exit with 3, not 0, where the gate rejects the new version",
    )


def _number(kind: Any, low: float, high: float) -> Callable[[str], Any]:
    """Return a reader of a number from ``low`` to ``high``."""

    def read(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(
                f"{text!r} is not allowed, but {what} from {low:g} to {high:g} is"
            )
        return number

    return read


def _name(text: str) -> str:
    if not re.fullmatch(r"\w[\w.-]{0,99}", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not allowed, but up to 100 letters, digits, _, - and . are"
        )
    return text


def _widths(low: int, high: int) -> Callable[[str], tuple[int, ...]]:
    read = _number(int, low, high)
    return lambda text: tuple(read(part) for part in text.split(","))


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
