"""What an earlier version left below MODELS_DIR is still read.

`earlier_version` was written by commit 2b07aaf on the data set of `write_set(train=600, test=200)`:
an unsent training whose server went away after the first epoch, and a study that was killed in its
third trial.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mnist_trainer.pipeline import outbox
from mnist_trainer.settings import Settings
from support.trainer.example_datasets import write_set
from support.trainer.searches import runs_of as search_runs_of
from support.trainer.trainings import alias_of, command

WRITTEN = Path(__file__).parent / "earlier_version"


@pytest.fixture
def restored(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of a trainer that finds the earlier version's files and data set."""
    assert settings.models_dir
    shutil.copytree(WRITTEN, settings.models_dir)
    data = write_set(tmp_path / "data", train=600, test=200)
    return replace(settings, data_dir=data)


def test_an_unsent_training_is_sent_and_promoted(restored: Settings, client: MlflowClient) -> None:
    assert restored.models_dir
    (folder,) = outbox.list_folders(restored.models_dir)
    record = json.loads((folder / "training.json").read_text())
    run = client.create_run(client.create_experiment(restored.experiment)).info.run_id
    renamed = {"run_id": run, "model_name": restored.model_name}  # this server's own
    (folder / "training.json").write_text(json.dumps(record | renamed))
    assert command(restored, "resume-upload", "--require-promotion") == 0
    assert alias_of(restored, client) == "1"
    assert not folder.exists()
    sent = client.get_metric_history(run, "val_accuracy")
    waiting = [point for point in record["waiting"] if point[0] == "val_accuracy"]
    assert sorted([each.value, each.step] for each in sent) == sorted(
        [value, step] for _, value, _, step in waiting
    )
    assert client.get_run(run).data.metrics["training_seconds"] > 0
    version = client.get_model_version(restored.model_name, "1")
    assert version.tags["sha256"] == record["sha256"]["model.onnx"]
    assert str(record["told"]["dataset_sha256"]) in (version.description or "")


@pytest.mark.slow
def test_a_study_is_continued_with_the_trials_that_it_has(
    restored: Settings, client: MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--recipe=quick", "--epochs=2", "--retrain-epochs=2", "--limit=200", "--floor=0"]
    assert command(restored, "search", "--trials=4", *options) == 0
    output = capfd.readouterr().out
    assert "Search   quick: 2 of 4 trials done" in output
    assert "Trial      2  was interrupted; it is repeated" in output
    parent, trials, (trained,) = search_runs_of(restored, client)
    assert [run.info.run_name for run in trials] == ["trial 3", "trial 4"]
    assert parent.data.metrics["best_val_accuracy"] >= 0.88, "trial 0 of the earlier version"
    assert trained.data.tags["search"] == "quick"
    assert alias_of(restored, client) == "1"
