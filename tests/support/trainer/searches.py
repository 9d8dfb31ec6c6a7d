"""Small searches, run in this process, and what they leave on the server."""

from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from mnist_trainer.cli import commands
from mnist_trainer.cli.parser import parse_args
from mnist_trainer.settings import Settings

TINY = ["search", "--recipe=quick", "--epochs=2", "--retrain-epochs=3", "--limit=200", "--floor=0"]


def command(settings: Settings, *arguments: str) -> int:
    return commands.run(parse_args([*TINY, *arguments]), settings)


def runs_of(settings: Settings, client: MlflowClient) -> tuple[Run, list[Run], list[Run]]:
    """Return the search's run, those of its trials and the others, each the oldest first."""
    experiment = client.get_experiment_by_name(settings.experiment)
    assert experiment
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
    (parent,) = (run for run in runs if "best_trial" in run.data.tags)
    trials = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    others = [run for run in runs if run not in trials and run is not parent]
    return parent, trials, others


def versions_of(settings: Settings, client: MlflowClient) -> list[Any]:
    return list(client.search_model_versions(f"name='{settings.model_name}'"))
