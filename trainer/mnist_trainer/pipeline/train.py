"""A training from the data to the kept network: build, fit, calibrate, export. Then it is sent."""

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.console import say
from mnist_trainer.data.dataset import Dataset
from mnist_trainer.evaluation.gate import Verdict
from mnist_trainer.export.onnx_export import ExportError, Files, export, keep
from mnist_trainer.pipeline import outbox as unsent
from mnist_trainer.pipeline.checkpoint import Trained, write_training
from mnist_trainer.pipeline.fit import calibrate, learn
from mnist_trainer.pipeline.provenance import find_commit, list_packages
from mnist_trainer.pipeline.release import deliver
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.run import Run
from mnist_trainer.tracking.run_context import open_run
from mnist_trainer.training.history import EpochMetrics
from mnist_trainer.training.inspection import describe_layers
from mnist_trainer.training.model import build_model, separate_softmax
from mnist_trainer.training.recipes import Recipe

CHECKED = 1000  # validation images on which the network and its ONNX file must agree
NOT_KEPT = "Of the trained network nothing is kept but what the server has."


@dataclass(frozen=True)
class Order:
    """What one training is told.

    ``limit`` is the most training images it may use, None for all; ``tags`` are further ones of
    its run.
    """

    recipe_name: str
    recipe: Recipe
    seed: int
    limit: int | None
    floor: float
    tags: Mapping[str, str] = field(default_factory=dict)


def train(settings: Settings, registry: Registry, order: Order, data: Dataset) -> Verdict:
    """Train, register and, where the gate lets it, promote: one run, the alias moves last.

    From the end of the training to the end of the delivery it is kept below MODELS_DIR, for
    `resume-upload`. Raises TrainerError; whatever it raises, the version in service stays.
    """
    if settings.models_dir:
        unsent.prepare(settings.models_dir)
    commit = find_commit(settings.git_commit)
    tags = {"git_commit": commit, "mlflow.source.git.commit": commit} if commit else {}
    tags |= {"mlflow.runName": f"{order.recipe_name}, seed {order.seed}", **order.tags}
    with (
        tempfile.TemporaryDirectory() as scratch,
        contextlib.ExitStack() as until_sent,  # outside the run, whose end is sent too
        open_run(settings.tracking_uri, settings.experiment, tags) as run,
    ):
        say(f"Run      {run.address}")
        network, history, told = _fit(run, order, data, str(settings.data_dir))
        trained = Trained(
            run_id=run.id,
            tracking_uri=settings.tracking_uri,
            experiment=settings.experiment,
            model_name=registry.name,
            model_alias=registry.alias,
            floor=order.floor,
            told=told,
            history=history,
            waiting=list(run.waiting),
        )
        files = export(network, data.validation.first(CHECKED).pixels(), Path(scratch))
        _keep(settings.models_dir, trained, files, until_sent)
        return deliver(run, registry, network, (trained, files), data.test)


def _fit(
    run: Run, order: Order, data: Dataset, source: str
) -> tuple[keras.Sequential, list[EpochMetrics], dict[str, Any]]:
    """Return the trained network, its epochs and what it was told."""
    training = data.train.first(order.limit or len(data.train))
    keras.utils.set_random_seed(order.seed)  # of layers that name no seed of their own
    network = build_model(order.recipe.hidden, order.seed)
    separate_softmax(network)
    told = _describe(order, data, len(training), network)
    run.log_settings(told)
    run.log_data(data, source)
    say(
        f"Data     {data.name}: {len(training):,} images to train on, "
        f"{len(data.validation):,} to validate, {len(data.test):,} to test"
    )
    say(f"Network  {told['layers']}: {network.count_params():,} weights")
    history = learn(run, network, (training, data.validation), order.recipe, order.seed)
    calibrate(run, network, data.validation)
    return network, history, told


def _describe(
    order: Order, data: Dataset, images: int, network: keras.Sequential
) -> dict[str, Any]:
    recipe = asdict(order.recipe) | {"hidden": str(order.recipe.hidden)}
    return (
        {"recipe": order.recipe_name}
        | recipe
        | {"layers": describe_layers(network), "weights": network.count_params()}
        | {"seed": order.seed, "floor": order.floor, "training_images": images}
        | {"dataset": data.name, "dataset_sha256": data.digest}
        | {f"version_{name}": version for name, version in list_packages().items()}
    )


def _keep(
    models_dir: Path | None, trained: Trained, files: Files, until_sent: contextlib.ExitStack
) -> None:
    """Leave the network as files, and have ``until_sent`` hold them until all is sent.

    A folder that refuses them, a full disk say, does not cost the training.
    """
    if models_dir is None:
        until_sent.enter_context(unsent.also_saying(f"MODELS_DIR is not set. {NOT_KEPT}"))
        return
    write = partial(write_training, trained, files)
    try:
        until_sent.enter_context(unsent.keep(models_dir, trained.run_id, write))
    except unsent.UnsentError as error:
        say(f"Files    {error} The training goes on without.")
        until_sent.enter_context(unsent.also_saying(NOT_KEPT))
    try:
        keep(files, models_dir)
        say(f"Files    {models_dir}/mnist_model.keras and mnist_model.onnx")
    except ExportError as error:
        say(f"Files    {error} The training goes on without.")
