"""Context managers for an MLflow run: every exit sets its status."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException

from mnist_trainer.errors import TrainerError
from mnist_trainer.signals import Stopped, unwrap_stopped
from mnist_trainer.tracking.health import check_health, translate_errors
from mnist_trainer.tracking.run import MetricPoint, Run


class RunNotFoundError(TrainerError):
    """The run does not exist on the server, or is deleted; the message says which."""


@contextlib.contextmanager
def open_run(uri: str, experiment: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """Start a run; end it as FINISHED, as KILLED on a signal, as FAILED on any other exception.

    Raises ServerError.
    """
    _set_uri(uri)
    with translate_errors(uri):
        experiment_id = mlflow.set_experiment(experiment).experiment_id
        run_id = mlflow.start_run(tags=dict(tags)).info.run_id
    with _end(uri, Run(uri, experiment_id, run_id)) as run:
        yield run


@contextlib.contextmanager
def reopen_run(uri: str, run_id: str, pending: Iterable[MetricPoint]) -> Iterator[Run]:
    """Resume a run with metrics that are not sent yet, and end it as `open_run` does.

    Raises ServerError or RunNotFoundError.
    """
    _set_uri(uri)
    with translate_errors(uri):
        experiment_id = _find_experiment(uri, run_id)
        mlflow.set_experiment(experiment_id=experiment_id)
        mlflow.start_run(run_id=run_id)
    with _end(uri, Run(uri, experiment_id, run_id, pending)) as run:
        yield run


def _set_uri(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)


def _find_experiment(uri: str, run_id: str) -> str:
    try:
        info = MlflowClient(tracking_uri=uri).get_run(run_id).info
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise RunNotFoundError(
            f"Run {run_id} is not on the tracking server at {uri}: it was erased, or it "
            "belongs to another server."
        ) from None
    if info.lifecycle_stage == LifecycleStage.DELETED:
        raise RunNotFoundError(f"Run {run_id} was deleted; restore it in MLflow first.")
    return str(info.experiment_id)


@contextlib.contextmanager
def _end(uri: str, run: Run) -> Iterator[Run]:
    try:
        with unwrap_stopped():
            yield run
    except BaseException as error:
        # A server that does not answer must not replace this exception
        with contextlib.suppress(Exception):
            check_health(uri)
            run.send_pending()
        with contextlib.suppress(Exception):
            mlflow.end_run("KILLED" if isinstance(error, Stopped) else "FAILED")
        raise
    with translate_errors(uri):
        mlflow.end_run("FINISHED")
