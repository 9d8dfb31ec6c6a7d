"""A training from the data to the alias: build, fit, calibrate, export, register, show, gate."""

import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.data import Dataset
from mnist_trainer.evaluate import Figures, judge, predict
from mnist_trainer.export import Files, export, keep
from mnist_trainer.gate import Verdict
from mnist_trainer.learn import calibrate, learn
from mnist_trainer.network import build
from mnist_trainer.promotion import Candidate, find_rival, pass_gate
from mnist_trainer.provenance import find_commit, list_packages
from mnist_trainer.recipes import Recipe
from mnist_trainer.registry import Registry, Version
from mnist_trainer.results import Results
from mnist_trainer.server import ServerError
from mnist_trainer.settings import Settings
from mnist_trainer.show import introduce, show
from mnist_trainer.terminal import say
from mnist_trainer.tracking import Run, open_run

CHECKED = 1000  # validation images on which the network and its ONNX file must agree


@dataclass(frozen=True)
class Order:
    """What one training is told; ``limit`` is the most training images it may use, None for all."""

    recipe_name: str
    recipe: Recipe
    seed: int
    limit: int | None
    floor: float


def train(settings: Settings, registry: Registry, order: Order, data: Dataset) -> Verdict:
    """Train, register and, where the gate lets it, promote: one run, the alias moves last.

    Raises TrainerError; whatever it raises, the version in service stays in service.
    """
    training = data.train.first(order.limit or len(data.train))
    commit = find_commit(settings.git_commit)
    tags = {"git_commit": commit, "mlflow.source.git.commit": commit} if commit else {}
    with (
        open_run(settings.tracking_uri, settings.experiment, tags) as run,
        tempfile.TemporaryDirectory() as scratch,
    ):
        say(f"Run      {run.address}")
        told = _describe(order, data, len(training))
        run.log_settings(told)
        run.log_data(data, str(settings.data_dir))
        say(
            f"Data     {data.name}: {len(training):,} images to train on, "
            f"{len(data.validation):,} to validate, {len(data.test):,} to test"
        )
        network = build(order.recipe.hidden, order.seed)
        widths = " - ".join(str(width) for width in (784, *order.recipe.hidden, 10))
        say(f"Network  {widths}, {network.count_params():,} weights")

        split = training, data.validation
        history = learn(run, network, split, order.recipe, order.seed)
        calibrate(run, network, data.validation)
        files = export(network, data.validation.first(CHECKED).pixels(), Path(scratch))
        if settings.models_dir:
            keep(files, settings.models_dir)
            say(f"Files    {settings.models_dir}/mnist_model.keras and mnist_model.onnx")
        try:
            said = predict(network, data.test.pixels())  # the test images, for the one time
            figures = judge(said, data.test)
            _report(run, figures)
            version = _register(run, registry, network, files, figures)
            rival = find_rival(registry, data.test)
            kernel = network.layers[0].kernel.numpy()
            results = Results(history, data.test, said, kernel, told, rival.measured)
            card = show(run, registry, version, results, partial(predict, network))
            verdict = pass_gate(
                registry, Candidate(version, figures.right), rival, data.test, order.floor
            )
            run.tag("gate", verdict.reason)
        except ServerError as error:
            raise _tell_what_is_left(error, settings.models_dir) from error
        if verdict.promoted and card:
            introduce(registry, card)
    if verdict.promoted:
        say(f"Gate     passed: version {version.number} is in service as {registry.alias}")
    else:
        say(f"Gate     version {version.number} is not promoted; it is {verdict.reason}")
    return verdict


def _describe(order: Order, data: Dataset, images: int) -> dict[str, Any]:
    return (
        {"recipe": order.recipe_name}
        | asdict(order.recipe)
        | {"seed": order.seed, "floor": order.floor, "training_images": images}
        | {"dataset": data.name, "dataset_sha256": data.digest}
        | {f"version_{name}": version for name, version in list_packages().items()}
    )


def _report(run: Run, figures: Figures) -> None:
    """Tell and log the figures on the test images."""
    say(f"Test     loss {figures.loss:.4f}  accuracy {figures.accuracy:.4f}")
    named = {"test_loss": figures.loss, "test_accuracy": figures.accuracy}
    for digit, (precision, recall) in enumerate(figures.per_digit()):
        named |= {f"test_precision_{digit}": precision, f"test_recall_{digit}": recall}
    run.log_figures(named)
    run.deliver()
    run.log_table({"rows_true_columns_guessed": figures.confusion.tolist()}, "confusion.json")


def _register(
    run: Run, registry: Registry, network: keras.Sequential, files: Files, figures: Figures
) -> Version:
    packages = list_packages()
    required = [f"{name}=={packages[name]}" for name in ("tensorflow", "keras", "numpy")]
    model_id = run.log_model(network, files, required)
    tags = {
        "sha256": files.sha256,
        "test_accuracy": f"{figures.accuracy:.4f}",
        "gate": "not judged yet",
    }
    version = registry.register(model_id, run.id, tags)
    say(f"Version  {version.number} of {registry.name} is registered")
    return version


def _tell_what_is_left(error: ServerError, models_dir: Path | None) -> ServerError:
    if models_dir is None:
        return error
    return ServerError(f"{error} The trained network is safe in {models_dir}.")
