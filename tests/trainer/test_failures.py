"""Trainings in which something breaks: how they end, and what they leave."""

import errno
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from mnist_trainer.export import onnx_export
from mnist_trainer.export.onnx_inference import infer
from mnist_trainer.pipeline import train
from mnist_trainer.pipeline.outbox import OutboxError
from mnist_trainer.reporting import artifacts
from mnist_trainer.settings import Settings
from mnist_trainer.signals import Stopped
from mnist_trainer.tracking.health import ServerError
from mnist_trainer.tracking.registry import Registry
from support.trainer.trainings import TINIER, TINY, alias_of, command, runs_of

pytestmark = pytest.mark.slow


def test_plots_that_cannot_be_drawn_do_not_end_the_training(
    settings: Settings,
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*given: object) -> None:
        raise ValueError("no space\nleft")

    monkeypatch.setattr(artifacts, "write_plots", fail)
    assert command(settings, *TINIER) == 0
    output = capfd.readouterr()
    assert "the training goes on without (ValueError: no space left)\n" in output.out
    assert output.err == ""
    assert alias_of(settings, client) == "1"
    assert [run.info.status for run in runs_of(settings, client)] == ["FINISHED"]


def test_a_training_killed_while_it_plots_leaves_the_alias(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(settings, *TINIER) == 0
    before = client.get_registered_model(settings.model_name).description

    def stop(*given: object) -> None:
        raise Stopped(signal.SIGTERM)

    monkeypatch.setattr(artifacts, "write_plots", stop)
    with pytest.raises(Stopped):
        command(settings, *TINY)
    assert alias_of(settings, client) == "1"
    assert client.get_model_version(settings.model_name, "2").tags["gate"] == "not decided yet"
    assert client.get_registered_model(settings.model_name).description == before
    assert runs_of(settings, client)[0].info.status == "KILLED"


def test_an_onnx_file_that_differs_ends_the_run_and_nothing_is_registered(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def infer_trained(file: Path, pixels: np.ndarray) -> np.ndarray:
        return infer(file, pixels) + (2e-5 if len(pixels) == train.CHECKED else 0)

    monkeypatch.setattr(onnx_export, "infer", infer_trained)
    with pytest.raises(onnx_export.ExportError, match=r"differ from the model's by 2\.\de-05"):
        command(settings, *TINIER)
    assert [run.info.status for run in runs_of(settings, client)] == ["FAILED"]
    assert not client.search_model_versions(f"name='{settings.model_name}'")
    assert settings.models_dir
    assert [file.name for file in settings.models_dir.rglob("*")] == ["unsent"]


def test_a_folder_that_cannot_be_written_is_reported_before_the_training(
    settings: Settings, client: MlflowClient
) -> None:
    assert settings.models_dir
    settings.models_dir.write_text("in the way")
    with pytest.raises(OutboxError, match=f"MODELS_DIR is {settings.models_dir}, and .+ cannot be"):
        command(settings, *TINIER)
    assert runs_of(settings, client) == []


def test_a_disk_that_is_full_at_the_end_does_not_end_the_training(
    settings: Settings,
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fail(*given: object) -> None:
        raise full if len(given) == 3 else onnx_export.ExportError(f"{full.strerror}.")

    monkeypatch.setattr(train, "write_checkpoint", fail)
    monkeypatch.setattr(train, "save_files", fail)
    assert command(settings, *TINIER) == 0
    assert capfd.readouterr().out.count("No space left on device. The training goes on") == 2
    assert alias_of(settings, client) == "1"
    assert settings.models_dir
    assert [file.name for file in settings.models_dir.rglob("*")] == ["unsent"]


def test_an_experiment_that_was_deleted_is_refused_in_one_sentence(
    settings: Settings, client: MlflowClient
) -> None:
    client.delete_experiment(client.create_experiment(settings.experiment))
    with pytest.raises(ServerError, match="refused") as refusal:
        command(settings, *TINIER)
    assert "\n" not in str(refusal.value)


def test_the_registry_tells_no_model_from_no_server(settings: Settings) -> None:
    assert Registry(settings.tracking_uri, "never-heard-of", "Production").desired_version() is None
    with pytest.raises(ServerError, match=r"No tracking server answers at http://127\.0\.0\.1:9"):
        Registry("http://127.0.0.1:9", "never-heard-of", "Production").desired_version()
