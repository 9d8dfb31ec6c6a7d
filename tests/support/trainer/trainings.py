"""Small trainings, run in this process, and what they leave on the server."""

from mlflow import MlflowClient
from mlflow.entities import Run

from mnist_trainer.cli import commands
from mnist_trainer.cli.parser import parse_args
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry

TINY = ["train", "--limit=1500", "--epochs=4", "--hidden=64", "--batch-size=64", "--floor=0.3"]
TINIER = ["train", "--limit=100", "--epochs=1", "--hidden=16", "--batch-size=50", "--floor=0.01"]


def command(settings: Settings, *arguments: str) -> int:
    return commands.run(parse_args(arguments), settings)


def alias_of(settings: Settings, client: MlflowClient) -> str | None:
    number = client.get_registered_model(settings.model_name).aliases.get("Production")
    return None if number is None else str(number)


def runs_of(settings: Settings, client: MlflowClient) -> list[Run]:
    """Return the runs, the newest first."""
    experiment = client.get_experiment_by_name(settings.experiment)
    return client.search_runs([experiment.experiment_id]) if experiment else []


def register_versions(settings: Settings, client: MlflowClient, count: int) -> Registry:
    """Return a registry with versions that have no files; none of them is promoted."""
    client.create_registered_model(settings.model_name)
    run = client.create_run(client.create_experiment(f"{settings.experiment}-before")).info
    for _ in range(count):
        source = f"{run.artifact_uri}/model"
        client.create_model_version(settings.model_name, source, run.run_id, {"sha256": "0" * 64})
    return Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
