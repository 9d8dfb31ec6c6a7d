"""`resume-upload`: repeats the release of a stored training that was interrupted."""

from pathlib import Path

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.console import print_line
from mnist_trainer.data.dataset import Dataset
from mnist_trainer.errors import TrainerError
from mnist_trainer.evaluation.gate import Decision
from mnist_trainer.pipeline import outbox
from mnist_trainer.pipeline.checkpoint import Checkpoint, CheckpointError, read_checkpoint
from mnist_trainer.pipeline.release import release
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.run_context import reopen_run


class DatasetMismatchError(TrainerError):
    """A training used another data set than the one of DATA_DIR; names both."""


def resume(settings: Settings, folder: Path, data: Dataset) -> Decision:
    """Release the training in ``folder`` in its own run, and remove the folder when all is sent.

    Model name and alias are the training's own; the server is the one of ``settings``, which may
    have another address now. Raises TrainerError, and then the folder stays.
    """
    with outbox.lock_folder(folder):
        checkpoint, files = trained = read_checkpoint(folder)
        _check_data(checkpoint, data, settings.data_dir)
        model = _load_model(files.keras)
        registry = Registry(
            settings.tracking_uri, checkpoint.model_name, checkpoint.model_alias, "resume-upload"
        )
        with reopen_run(settings.tracking_uri, checkpoint.run_id, checkpoint.pending) as run:
            print_line(f"Run      {run.url}")
            decision = release(run, registry, model, trained, data.test)
    print_line(f"Sent     run {checkpoint.run_id} is complete")
    return decision


def _load_model(file: Path) -> keras.Sequential:
    try:
        return keras.saving.load_model(file)
    except Exception as error:  # the file is intact, so another Keras wrote it
        message = " ".join(str(error).split())[:300]
        raise CheckpointError(
            f"{file} cannot be loaded by Keras {keras.__version__}: {message}"
        ) from error


def _check_data(checkpoint: Checkpoint, data: Dataset, folder: Path) -> None:
    name, digest = checkpoint.params["dataset"], checkpoint.params["dataset_sha256"]
    if data.digest != digest:
        raise DatasetMismatchError(
            f"Run {checkpoint.run_id} was trained on {name} (SHA-256 {digest}), and DATA_DIR is "
            f"{folder}, which holds {data.name} (SHA-256 {data.digest}); set DATA_DIR to the "
            f"folder of {name}."
        )
