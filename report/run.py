"""The run of the promoted version, read from the tracking server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

from mnist_trainer.errors import TrainerError
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.health import check_health, translate_errors
from mnist_trainer.tracking.registry import Registry

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
PLOTS = (
    "learning_curves", "confusion_matrix", "reliability", "worst_mistakes", "first_layer_filters",
)  # fmt: skip


class ReportError(TrainerError):
    """The server lacks what a report needs; the message says what to do."""


@dataclass(frozen=True)
class TrainedVersion:
    """A version and its run; ``curves`` are metrics by epoch.

    ``confusion[t][p]`` counts the test images of the digit ``t`` predicted as ``p``.
    """

    model: str
    alias: str
    number: int
    run_id: str
    started: datetime
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    curves: Mapping[str, list[float]]
    confusion: list[list[int]]


def read_run(settings: Settings, folder: Path) -> TrainedVersion:
    """Read the run of the promoted version; download its plots into ``folder``.

    Raises ReportError or ServerError.
    """
    check_health(settings.tracking_uri)
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    version = registry.desired_version()
    if version is None:
        raise ReportError(
            f"No version of {settings.model_name} is promoted; `make train` makes one."
        )
    client = MlflowClient(settings.tracking_uri, settings.tracking_uri)
    with translate_errors(settings.tracking_uri):
        run_id = client.get_model_version(settings.model_name, str(version.number)).run_id
        run = client.get_run(run_id or "")
        if not {"calibration_error", "temperature"} <= set(run.data.metrics):
            raise ReportError(
                f"The run of version {version.number} has no metrics for a report; "
                "`make train` makes one that does."
            )
        curves = {
            name: [each.value for each in sorted(
                client.get_metric_history(run.info.run_id, name), key=lambda each: each.step
            )]
            for name in CURVES
        }  # fmt: skip
        for path in ("confusion.json", *(f"figures/{name}.png" for name in PLOTS)):
            download_artifacts(
                run_id=run.info.run_id,
                artifact_path=path,
                dst_path=str(folder),
                tracking_uri=settings.tracking_uri,
            )
    table = (folder / "confusion.json").read_text("utf-8")
    return TrainedVersion(
        model=settings.model_name,
        alias=settings.model_alias,
        number=version.number,
        run_id=run.info.run_id,
        started=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        params=run.data.params,
        metrics=run.data.metrics,
        tags=run.data.tags,
        curves=curves,
        confusion=json.loads(table)["rows_true_columns_guessed"],
    )
