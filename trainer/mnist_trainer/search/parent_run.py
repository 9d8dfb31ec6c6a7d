"""The run of a whole search, the parent of its trials' runs."""

import contextlib
from collections.abc import Mapping
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Param
from mlflow.exceptions import MlflowException

from mnist_trainer.tracking.health import translate_errors


class ParentRun:
    """The run of one search, shared by its processes. Every method may raise ServerError."""

    def __init__(self, uri: str, experiment: str, run_id: str | None, name: str) -> None:
        """Use the run ``run_id``, or create one where the server has no active run of that id."""
        self._uri, self._client = uri, MlflowClient(tracking_uri=uri)
        mlflow.set_tracking_uri(uri)
        with translate_errors(uri):
            self._experiment_id = mlflow.set_experiment(experiment).experiment_id
            self.is_new = run_id is None or not self._is_active(run_id)
            if self.is_new:
                tags = {"mlflow.runName": f"search {name}", "search": name}
                run_id = self._client.create_run(self._experiment_id, tags=tags).info.run_id
        self.id = str(run_id)
        self.url = f"{uri}/#/experiments/{self._experiment_id}/runs/{self.id}"

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log the parameters that all trials have in common."""
        with translate_errors(self._uri):
            entries = [Param(key, str(value)) for key, value in params.items()]
            self._client.log_batch(self.id, params=entries)

    def log_best(self, accuracy: float, number: int, done: int) -> None:
        """Log which trial is the best of those ``done``."""
        with translate_errors(self._uri):
            self._client.log_metric(self.id, "best_val_accuracy", accuracy, step=done)
            self._client.set_tag(self.id, "best_trial", str(number))

    def find_gate(self, tags: Mapping[str, str]) -> str | None:
        """Return the tag `gate` of the finished run with these tags, None where there is none."""
        conditions = [f"tags.{name} = '{value}'" for name, value in tags.items()]
        query = " and ".join([*conditions, "attributes.status = 'FINISHED'"])
        with translate_errors(self._uri):
            found = self._client.search_runs([self._experiment_id], query)
        return next((run.data.tags["gate"] for run in found if "gate" in run.data.tags), None)

    def set_status(self, status: str) -> None:
        """Set the status to RUNNING, FAILED or KILLED."""
        with translate_errors(self._uri):
            if status == "RUNNING":
                self._client.update_run(self.id, status)
            else:
                self._client.set_terminated(self.id, status)

    def finish(self) -> None:
        """Set the status to FINISHED, with the present time unless it is set already."""
        with translate_errors(self._uri):
            if self._client.get_run(self.id).info.status != "FINISHED":
                self._client.set_terminated(self.id, "FINISHED")

    def end_abandoned(self, run_id: str | None) -> None:
        """End the run of a trial whose process ended before; the run may be deleted."""
        with contextlib.suppress(MlflowException):
            if run_id:
                self._client.set_terminated(run_id, "KILLED")

    def _is_active(self, run_id: str) -> bool:
        try:
            return bool(self._client.get_run(run_id).info.lifecycle_stage == "active")
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False
