"""The tracking server really stops while a training goes on, or a signal ends the release."""

import re
import signal
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mnist_trainer.settings import Settings
from support.servers.tracking import tracking_server
from support.trainer.commands import LONG, SECONDS, SHORT, Command, await_line, ended, sentence
from support.trainer.trainings import alias_of, runs_of

pytestmark = pytest.mark.slow

EPOCHS = 60
MANY_EPOCHS = 120  # a tracking server can start meanwhile


def check_whole(settings: Settings, uri: str, models: Path, epochs: int = EPOCHS) -> None:
    """Every epoch is in the run once; one version is promoted; nothing is unsent."""
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    (run,) = runs_of(settings, client)
    assert run.info.status == "FINISHED"
    for metric in ("loss", "accuracy", "val_loss", "val_accuracy", "seconds"):
        points = client.get_metric_history(run.info.run_id, metric)
        assert sorted(point.step for point in points) == list(range(1, epochs + 1))
    assert {"training_seconds", "temperature", "test_accuracy"} <= run.data.metrics.keys()
    (version,) = client.search_model_versions(f"name='{settings.model_name}'")
    assert version.run_id == run.info.run_id
    assert version.tags["gate"] == "passed"
    assert alias_of(settings, client) == "1"
    assert not list((models / "unsent").iterdir())


def test_a_server_that_comes_back_before_the_end_misses_nothing(
    start: Command, settings: Settings, tmp_path: Path
) -> None:
    with tracking_server(tmp_path) as server:
        training = start(*LONG, f"--epochs={MANY_EPOCHS}", MLFLOW_TRACKING_URI=server.url)
        await_line(training, "Epoch      3")
    await_line(training, "The tracking server stores nothing now; the training goes on")
    with tracking_server(tmp_path, port=server.port):
        out, err = ended(training, 0)
        assert err == ""
        assert "version 1 has the alias Production" in out
        check_whole(settings, server.url, tmp_path / "models", MANY_EPOCHS)


def test_a_server_that_stays_away_gets_the_training_later(
    start: Command, settings: Settings, tmp_path: Path
) -> None:
    with tracking_server(tmp_path) as server:
        training = start(*LONG, f"--epochs={EPOCHS}", MLFLOW_TRACKING_URI=server.url)
        await_line(training, "Epoch      3")
    began = time.monotonic()
    out, err = ended(training, 2)
    assert time.monotonic() - began < SECONDS
    assert "the training goes on without it" in out
    kept = tmp_path / "models" / "unsent"
    expected = rf"is stored in {kept}/[0-9a-f]{{32}}; the command `resume-upload` sends it\.\n$"
    assert re.search(expected, sentence(err))
    again = start("resume-upload", MLFLOW_TRACKING_URI=server.url)
    assert "No tracking server answers" in sentence(ended(again, 2)[1])
    assert len(list(kept.iterdir())) == 1
    with tracking_server(tmp_path, port=server.port):
        out, err = ended(start("resume-upload", MLFLOW_TRACKING_URI=server.url), 0)
        assert err == ""
        check_whole(settings, server.url, tmp_path / "models")
        out, _ = ended(start("resume-upload", MLFLOW_TRACKING_URI=server.url), 0)
        assert out.startswith("Nothing is unsent in ")


@pytest.mark.parametrize(("number", "line"), [(signal.SIGINT, "Test"), (signal.SIGTERM, "Version")])
def test_a_release_that_is_stopped_is_completed_later(
    start: Command, settings: Settings, client: MlflowClient, number: signal.Signals, line: str
) -> None:
    training = start(*SHORT)
    await_line(training, line)
    training.send_signal(number)
    _, err = ended(training, 128 + number)
    assert settings.models_dir
    (kept,) = (settings.models_dir / "unsent").iterdir()
    assert sentence(err) == (
        f"Stopped by {number.name}. The trained model is stored in {kept}; "
        "the command `resume-upload` sends it.\n"
    )
    (run,) = runs_of(settings, client)
    assert run.info.status == "KILLED"
    ended(start("resume-upload", kept.name), 0)
    assert alias_of(settings, client) == "1"
    assert [run.info.status for run in runs_of(settings, client)] == ["FINISHED"]
    assert not kept.exists()


def test_a_release_that_is_killed_outright_is_completed_later(
    start: Command, settings: Settings, client: MlflowClient
) -> None:
    """As by a power cut: no handler runs."""
    training = start(*SHORT)
    await_line(training, "Version")
    training.kill()
    training.wait()
    assert [run.info.status for run in runs_of(settings, client)] == ["RUNNING"]
    ended(start("resume-upload"), 0)
    assert [run.info.status for run in runs_of(settings, client)] == ["FINISHED"]
    assert alias_of(settings, client) == "1"
