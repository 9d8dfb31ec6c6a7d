"""An MLflow run: parameters, metrics, artifacts and the model."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import mlflow.tensorflow
import numpy as np
from mlflow import MlflowClient
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.numpy_dataset import from_numpy
from mlflow.entities import LoggedModelStatus, Metric, Param
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from mnist_trainer.data.dataset import Dataset
from mnist_trainer.export.onnx_export import ModelFiles
from mnist_trainer.signature import CLASSES, PIXELS
from mnist_trainer.tracking.health import ServerError, check_health, translate_errors

DIGEST_LENGTH = 32  # MLflow's database column for a data set's digest holds 36 characters
PAUSE = 20  # seconds until a server that did not answer is tried again
MAX_BATCH = 500  # metrics in one request


class MetricPoint(NamedTuple):
    """A metric's value at one step; ``timestamp`` in milliseconds since 1970."""

    name: str
    value: float
    timestamp: int
    step: int


class Run:
    """An active run; ``url`` is its page in MLflow's UI.

    ``pending`` are the metrics that are not sent yet, the oldest first.
    """

    def __init__(
        self, uri: str, experiment_id: str, run_id: str, pending: Iterable[MetricPoint] = ()
    ) -> None:
        self.id = run_id
        self.url = f"{uri}/#/experiments/{experiment_id}/runs/{run_id}"
        self.pending = list(pending)
        self._uri, self._client = uri, MlflowClient(tracking_uri=uri)
        self._experiment_id = experiment_id
        self._retry_at = 0.0

    def log_params(self, settings: Mapping[str, Any]) -> None:
        """Log parameters; raises ServerError."""
        with translate_errors(self._uri):
            params = [Param(key, str(value)) for key, value in settings.items()]
            self._client.log_batch(self.id, params=params)

    def log_dataset(self, data: Dataset, source: str) -> None:
        """Log the data set and its digest as the run's input; raises ServerError."""
        entry = from_numpy(
            data.train.images,
            source=CodeDatasetSource({"folder": source}),
            targets=data.train.labels,
            name=data.name,
            digest=data.digest[:DIGEST_LENGTH],
        )
        with translate_errors(self._uri):
            mlflow.log_input(entry, context="training")

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> bool:
        """Log metrics and return whether the server stored them.

        A server that does not answer raises nothing: the metrics stay pending.
        """
        now = int(time.time() * 1000)
        self.pending += [MetricPoint(name, value, now, step) for name, value in metrics.items()]
        if time.monotonic() < self._retry_at:
            return False
        try:
            check_health(self._uri)  # fails in seconds; MLflow's client retries
            self.send_pending()
        except ServerError:
            self._retry_at = time.monotonic() + PAUSE
            return False
        return True

    def send_pending(self) -> None:
        """Send the pending metrics; raises ServerError.

        The server ignores a metric that it has already.
        """
        with translate_errors(self._uri):
            while self.pending:
                metrics = [Metric(*point) for point in self.pending[:MAX_BATCH]]
                self._client.log_batch(self.id, metrics=metrics)
                del self.pending[:MAX_BATCH]

    def log_json(self, table: Mapping[str, Any], name: str) -> None:
        """Log a table as a JSON artifact; raises ServerError."""
        with translate_errors(self._uri):
            self._client.log_dict(self.id, dict(table), name)

    def log_folder(self, folder: Path) -> None:
        """Log the files of a folder as artifacts; raises ServerError."""
        with translate_errors(self._uri):
            self._client.log_artifacts(self.id, str(folder))

    def find_logged_model(self) -> str | None:
        """Return the id of the run's logged model, None where there is none.

        One whose upload was interrupted is deleted. Raises ServerError.
        """
        with translate_errors(self._uri):
            found = self._client.search_logged_models(
                [self._experiment_id], f"source_run_id = '{self.id}'"
            )
            for model in found:
                if model.status == LoggedModelStatus.READY:
                    return str(model.model_id)
                self._client.delete_logged_model(model.model_id)
        return None

    def log_model(self, model: Any, files: ModelFiles, requirements: list[str]) -> str:
        """Log the model with its files for serving and return its id; raises ServerError."""
        signature = ModelSignature(
            inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, PIXELS), name=None)]),
            outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, CLASSES), name=None)]),
        )
        with translate_errors(self._uri):
            logged = mlflow.tensorflow.log_model(
                model,
                name="model",
                signature=signature,
                pip_requirements=requirements,
                extra_files=[str(file) for file in (files.onnx, *files.extra)],
            )
        return str(logged.model_id)

    def set_tag(self, key: str, value: str) -> None:
        """Set a tag; raises ServerError."""
        with translate_errors(self._uri):
            self._client.set_tag(self.id, key, value)
