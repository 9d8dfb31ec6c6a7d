"""Sends a training that was kept because its delivery broke off."""

from pathlib import Path

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.console import say
from mnist_trainer.data.dataset import Dataset
from mnist_trainer.errors import TrainerError
from mnist_trainer.evaluation.gate import Verdict
from mnist_trainer.pipeline import outbox as unsent
from mnist_trainer.pipeline.checkpoint import DamagedError, Trained, read_training
from mnist_trainer.pipeline.release import deliver
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.run_context import reopen_run


class OtherDataError(TrainerError):
    """A training was done on another data set than the one at hand; names both."""


def resume(settings: Settings, folder: Path, data: Dataset) -> Verdict:
    """Deliver the training in ``folder`` in its own run, and remove the folder when all is sent.

    Model name and alias are those it was trained for; the server is the one of ``settings``, which
    may have moved. Raises TrainerError, and then the folder stays.
    """
    with unsent.take_up(folder):
        trained, files = made = read_training(folder)
        _check_data(trained, data, settings.data_dir)
        network = _load(files.keras)
        registry = Registry(settings.tracking_uri, trained.model_name, trained.model_alias)
        with reopen_run(settings.tracking_uri, trained.run_id, trained.waiting) as run:
            say(f"Run      {run.address}")
            verdict = deliver(run, registry, network, made, data.test)
    say(f"Sent     run {trained.run_id} is whole")
    return verdict


def _load(file: Path) -> keras.Sequential:
    try:
        return keras.saving.load_model(file)
    except Exception as error:  # it is what was written, so another Keras wrote it
        said = " ".join(str(error).split())[:300]
        raise DamagedError(
            f"{file} cannot be loaded by Keras {keras.__version__}: {said}"
        ) from error


def _check_data(trained: Trained, data: Dataset, folder: Path) -> None:
    name, digest = trained.told["dataset"], trained.told["dataset_sha256"]
    if data.digest != digest:
        raise OtherDataError(
            f"Run {trained.run_id} was trained on {name} (SHA-256 {digest}), and DATA_DIR is "
            f"{folder}, which holds {data.name} (SHA-256 {data.digest}); set DATA_DIR to the "
            f"folder of {name}."
        )
