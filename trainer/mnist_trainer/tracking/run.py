"""One training as one MLflow run: settings, figures and the model, sent as they come."""

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
from mnist_trainer.export.onnx_export import Files
from mnist_trainer.signature import CLASSES, PIXELS
from mnist_trainer.tracking.health import ServerError, check, clear_errors

DIGEST_LENGTH = 32  # MLflow's database column for a data set's digest holds 36 characters
PAUSE = 20  # seconds until a server that went away is tried again
MOST = 500  # figures that one request may carry


class Point(NamedTuple):
    """One figure at one step, measured at ``timestamp``, milliseconds since 1970."""

    name: str
    value: float
    timestamp: int
    step: int


class Run:
    """A run that is open; ``address`` is where a browser finds it.

    ``waiting`` are the figures that are not sent yet, the oldest first.
    """

    def __init__(
        self, uri: str, experiment_id: str, run_id: str, waiting: Iterable[Point] = ()
    ) -> None:
        self.id = run_id
        self.address = f"{uri}/#/experiments/{experiment_id}/runs/{run_id}"
        self.waiting = list(waiting)
        self._uri, self._client = uri, MlflowClient(tracking_uri=uri)
        self._experiment_id = experiment_id
        self._retry_at = 0.0

    def log_settings(self, settings: Mapping[str, Any]) -> None:
        """Log what the training was told; raises ServerError."""
        with clear_errors(self._uri):
            params = [Param(key, str(value)) for key, value in settings.items()]
            self._client.log_batch(self.id, params=params)

    def log_data(self, data: Dataset, source: str) -> None:
        """Log which data were used, with their digest; raises ServerError."""
        entry = from_numpy(
            data.train.images,
            source=CodeDatasetSource({"folder": source}),
            targets=data.train.labels,
            name=data.name,
            digest=data.digest[:DIGEST_LENGTH],
        )
        with clear_errors(self._uri):
            mlflow.log_input(entry, context="training")

    def log_figures(self, figures: Mapping[str, float], step: int = 0) -> bool:
        """Log figures and tell whether the server took them.

        A server that goes away does not end the training: figures wait until it is back.
        """
        now = int(time.time() * 1000)
        self.waiting += [Point(name, value, now, step) for name, value in figures.items()]
        if time.monotonic() < self._retry_at:
            return False
        try:
            check(self._uri)  # says in seconds what MLflow's own client may try for a minute
            self.send_figures()
        except ServerError:
            self._retry_at = time.monotonic() + PAUSE
            return False
        return True

    def send_figures(self) -> None:
        """Send the figures that wait; raises ServerError.

        What arrives a second time is not logged a second time.
        """
        with clear_errors(self._uri):
            while self.waiting:
                metrics = [Metric(*point) for point in self.waiting[:MOST]]
                self._client.log_batch(self.id, metrics=metrics)
                del self.waiting[:MOST]

    def log_table(self, table: Mapping[str, Any], name: str) -> None:
        """Log a table as a file of JSON; raises ServerError."""
        with clear_errors(self._uri):
            self._client.log_dict(self.id, dict(table), name)

    def log_folder(self, folder: Path) -> None:
        """Log the files in a folder, under their own names; raises ServerError."""
        with clear_errors(self._uri):
            self._client.log_artifacts(self.id, str(folder))

    def find_model(self) -> str | None:
        """Return the id of the model this run has logged whole, None where there is none.

        One that was interrupted is deleted. Raises ServerError.
        """
        with clear_errors(self._uri):
            found = self._client.search_logged_models(
                [self._experiment_id], f"source_run_id = '{self.id}'"
            )
            for model in found:
                if model.status == LoggedModelStatus.READY:
                    return str(model.model_id)
                self._client.delete_logged_model(model.model_id)
        return None

    def log_model(self, network: Any, files: Files, requirements: list[str]) -> str:
        """Log the Keras network with its ONNX file; return the model's id. Raises ServerError."""
        signature = ModelSignature(
            inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, PIXELS), name=None)]),
            outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, CLASSES), name=None)]),
        )
        with clear_errors(self._uri):
            model = mlflow.tensorflow.log_model(
                network,
                name="model",
                signature=signature,
                pip_requirements=requirements,
                extra_files=[str(files.onnx)],
            )
        return str(model.model_id)

    def tag(self, key: str, value: str) -> None:
        """Set a tag; raises ServerError."""
        with clear_errors(self._uri):
            self._client.set_tag(self.id, key, value)
