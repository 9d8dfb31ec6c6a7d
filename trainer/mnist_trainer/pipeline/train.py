"""`train`: build, fit, calibrate, export and store a model, then release it, in one MLflow run."""

import contextlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.console import print_line
from mnist_trainer.data.dataset import Dataset
from mnist_trainer.data.drawn_digits import choose_training_images
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation import digit_score, drift_reference
from mnist_trainer.evaluation.digit_score import fit_digit_score
from mnist_trainer.evaluation.drift_reference import describe_images, save_reference
from mnist_trainer.evaluation.gate import Decision
from mnist_trainer.evaluation.metrics import predict
from mnist_trainer.export.onnx_conversion import ExportError
from mnist_trainer.export.onnx_export import ModelFiles, export_model, save_files
from mnist_trainer.pipeline import outbox
from mnist_trainer.pipeline.checkpoint import Checkpoint, write_checkpoint
from mnist_trainer.pipeline.fit import calibrate, fit_and_log
from mnist_trainer.pipeline.provenance import find_commit, list_packages
from mnist_trainer.pipeline.release import release
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.run import Run
from mnist_trainer.tracking.run_context import open_run
from mnist_trainer.training.history import EpochMetrics
from mnist_trainer.training.inspection import describe_layers
from mnist_trainer.training.model import build_model, separate_softmax
from mnist_trainer.training.recipes import Recipe

CHECKED = 1000  # validation images on which the model and its ONNX file must agree
TRIED = 20  # the same, before the training
NOT_STORED = "No copy of the trained model is stored except on the server."


@dataclass(frozen=True)
class TrainConfig:
    """The configuration of one training.

    ``limit`` is the number of training images to use, None for all; ``floor`` is the gate's, 0 to
    1; ``tags`` are set on the run besides its own.
    """

    recipe_name: str
    recipe: Recipe
    seed: int
    limit: int | None
    floor: float
    tags: Mapping[str, str] = field(default_factory=dict)


def train(
    settings: Settings,
    registry: Registry,
    config: TrainConfig,
    data: Dataset,
    before_release: Callable[[], None] = lambda: None,
) -> Decision:
    """Train, register and, where the gate passes, promote, in one run; the alias moves last.

    From the end of the training to the end of the release a copy is stored below MODELS_DIR, for
    `resume-upload`; ``before_release`` is called before. Raises TrainerError; the alias is then
    where it was.
    """
    if settings.models_dir:
        outbox.prepare(settings.models_dir)
    model = build_exportable(config.recipe, config.seed, data)
    commit = find_commit(settings.git_commit)
    tags = {"git_commit": commit, "mlflow.source.git.commit": commit} if commit else {}
    tags |= {"mlflow.runName": f"{config.recipe_name}, seed {config.seed}", **config.tags}
    with (
        tempfile.TemporaryDirectory() as scratch,
        contextlib.ExitStack() as until_sent,  # outside the run, whose end is sent too
        open_run(settings.tracking_uri, settings.experiment, tags) as run,
    ):
        print_line(f"Run      {run.url}")
        training = choose_training_images(
            data, config.limit, config.recipe.drawn, config.seed, config.recipe.altered
        )
        history, params = _fit(run, model, config, (data, training), str(settings.data_dir))
        checkpoint = Checkpoint(
            run_id=run.id,
            tracking_uri=settings.tracking_uri,
            experiment=settings.experiment,
            model_name=registry.name,
            model_alias=registry.alias,
            floor=config.floor,
            params=params,
            history=history,
            pending=list(run.pending),
        )
        files = _export(model, training, data.validation, Path(scratch))
        before_release()
        _store(settings.models_dir, checkpoint, files, until_sent)
        return release(run, registry, model, (checkpoint, files), data.test)


def build_exportable(recipe: Recipe, seed: int, data: Dataset) -> keras.Sequential:
    """Return an untrained model whose last layer is its softmax.

    It is exported for a trial: a model that is refused is refused before it is trained. Raises
    ModelError or ExportError.
    """
    keras.config.set_floatx("float32")  # whatever ~/.keras/keras.json says
    keras.utils.set_random_seed(seed)  # for layers that are built without a seed
    model = build_model(recipe.hidden, seed)
    separate_softmax(model)
    with tempfile.TemporaryDirectory() as scratch:
        export_model(model, data.validation.first(TRIED).pixels(), Path(scratch))
    return model


def _fit(
    run: Run,
    model: keras.Sequential,
    config: TrainConfig,
    images: tuple[Dataset, LabelledImages],
    source: str,
) -> tuple[list[EpochMetrics], dict[str, Any]]:
    """Train and calibrate ``model``; return its history and the run's parameters."""
    data, training = images
    drawn = len(training) - min(config.limit or len(data.train), len(data.train))
    params = _list_params(config, data, model) | {
        "training_images": len(training),
        "drawn_images": drawn,
    }
    run.log_params(params)
    run.log_dataset(data, source)
    print_line(
        f"Data     {data.name}: {len(training) - drawn:,} images for training, "
        f"{len(data.validation):,} for validation, {len(data.test):,} for the test"
        + (f"; {drawn:,} drawn digits for training" if drawn else "")
    )
    print_line(f"Model    {params['layers']}: {model.count_params():,} weights")
    split = training, data.validation
    history = fit_and_log(run, model, split, config.recipe, config.seed)
    calibrate(run, model, data.validation)
    return history, params


def _export(
    model: keras.Sequential, training: LabelledImages, validation: LabelledImages, folder: Path
) -> ModelFiles:
    files = export_model(model, validation.first(CHECKED).pixels(), folder)
    probabilities = predict(model, validation.pixels())
    score = fit_digit_score(training, validation, probabilities)
    extra = [folder / digit_score.FILE]
    score.save(extra[0])
    scores = score.compute(validation.pixels(), probabilities)
    if reference := describe_images(validation, probabilities, scores):
        extra.append(folder / drift_reference.FILE)
        save_reference(reference, extra[1])
    return replace(files, extra=tuple(extra))


def _list_params(config: TrainConfig, data: Dataset, model: keras.Sequential) -> dict[str, Any]:
    recipe = asdict(config.recipe) | {"hidden": str(config.recipe.hidden)}
    return (
        {"recipe": config.recipe_name}
        | recipe
        | {"layers": describe_layers(model), "weights": model.count_params()}
        | {"seed": config.seed, "floor": config.floor}
        | {"dataset": data.name, "dataset_sha256": data.digest}
        | {f"version_{name}": version for name, version in list_packages().items()}
    )


def _store(
    models_dir: Path | None,
    checkpoint: Checkpoint,
    files: ModelFiles,
    until_sent: contextlib.ExitStack,
) -> None:
    """Store the checkpoint until ``until_sent`` is closed, and the model's files for good.

    A folder that cannot be written, say on a full disk, does not end the training.
    """
    if models_dir is None:
        until_sent.enter_context(outbox.extend_errors(f"MODELS_DIR is not set. {NOT_STORED}"))
        return
    write = partial(write_checkpoint, checkpoint, files)
    try:
        until_sent.enter_context(outbox.store(models_dir, checkpoint.run_id, write))
    except outbox.OutboxError as error:
        print_line(f"Files    {error} The training goes on without.")
        until_sent.enter_context(outbox.extend_errors(NOT_STORED))
    try:
        save_files(files, models_dir)
        print_line(f"Files    {models_dir}/mnist_model.keras and mnist_model.onnx")
    except ExportError as error:
        print_line(f"Files    {error} The training goes on without.")
