"""The run of a whole search, above the runs of its trials."""

import contextlib
from collections.abc import Mapping
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Param
from mlflow.exceptions import MlflowException

from mnist_trainer.tracking.health import clear_errors


class Parent:
    """The run of one search, which its searchers share. Every method may raise ServerError."""

    def __init__(self, uri: str, experiment: str, run_id: str | None, name: str) -> None:
        """Take the run ``run_id`` up, or make one where the server has none of that id."""
        self._uri, self._client = uri, MlflowClient(tracking_uri=uri)
        mlflow.set_tracking_uri(uri)
        with clear_errors(uri):
            self._experiment_id = mlflow.set_experiment(experiment).experiment_id
            self.is_new = run_id is None or not self._is_there(run_id)
            if self.is_new:
                tags = {"mlflow.runName": f"search {name}", "search": name}
                run_id = self._client.create_run(self._experiment_id, tags=tags).info.run_id
        self.id = str(run_id)
        self.address = f"{uri}/#/experiments/{self._experiment_id}/runs/{self.id}"

    def log_settings(self, settings: Mapping[str, Any]) -> None:
        """Log what all trials have in common."""
        with clear_errors(self._uri):
            params = [Param(key, str(value)) for key, value in settings.items()]
            self._client.log_batch(self.id, params=params)

    def log_best(self, accuracy: float, number: int, done: int) -> None:
        """Log which trial is the best after so many."""
        with clear_errors(self._uri):
            self._client.log_metric(self.id, "best_val_accuracy", accuracy, step=done)
            self._client.set_tag(self.id, "best_trial", str(number))

    def find_gate(self, tags: Mapping[str, str]) -> str | None:
        """Return what the gate said of the training with these tags, None where none is done."""
        wanted = [f"tags.{name} = '{value}'" for name, value in tags.items()]
        query = " and ".join([*wanted, "attributes.status = 'FINISHED'"])
        with clear_errors(self._uri):
            found = self._client.search_runs([self._experiment_id], query)
        return next((run.data.tags["gate"] for run in found if "gate" in run.data.tags), None)

    def set_status(self, status: str) -> None:
        """Make it RUNNING, FAILED or KILLED."""
        with clear_errors(self._uri):
            if status == "RUNNING":
                self._client.update_run(self.id, status)
            else:
                self._client.set_terminated(self.id, status)

    def finish(self) -> None:
        """Make it FINISHED, now unless it is so already."""
        with clear_errors(self._uri):
            if self._client.get_run(self.id).info.status != "FINISHED":
                self._client.set_terminated(self.id, "FINISHED")

    def end_left(self, run_id: str | None) -> None:
        """End the run of a trial whose searcher could not; it may not be there any more."""
        with contextlib.suppress(MlflowException):
            if run_id:
                self._client.set_terminated(run_id, "KILLED")

    def _is_there(self, run_id: str) -> bool:
        try:
            return bool(self._client.get_run(run_id).info.lifecycle_stage == "active")
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False
