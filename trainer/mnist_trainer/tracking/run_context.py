"""The beginning and the end of an MLflow run, whatever happens in between."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException

from mnist_trainer.errors import TrainerError
from mnist_trainer.signals import Stopped
from mnist_trainer.tracking.health import check, clear_errors
from mnist_trainer.tracking.run import Point, Run


class RunGoneError(TrainerError):
    """The server does not know the run, or has it in its bin; the message says which."""


@contextlib.contextmanager
def open_run(uri: str, experiment: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """Open a run and end it FINISHED, KILLED by a signal or FAILED by anything else.

    Raises ServerError.
    """
    _use(uri)
    with clear_errors(uri):
        experiment_id = mlflow.set_experiment(experiment).experiment_id
        run_id = mlflow.start_run(tags=dict(tags)).info.run_id
    with _end(uri, Run(uri, experiment_id, run_id)) as run:
        yield run


@contextlib.contextmanager
def reopen_run(uri: str, run_id: str, waiting: Iterable[Point]) -> Iterator[Run]:
    """Open a run again, with figures that still ``wait``, and end it as `open_run` does.

    Raises ServerError or RunGoneError.
    """
    _use(uri)
    with clear_errors(uri):
        experiment_id = _find_experiment(uri, run_id)
        mlflow.set_experiment(experiment_id=experiment_id)
        mlflow.start_run(run_id=run_id)
    with _end(uri, Run(uri, experiment_id, run_id, waiting)) as run:
        yield run


def _use(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)


def _find_experiment(uri: str, run_id: str) -> str:
    try:
        info = MlflowClient(tracking_uri=uri).get_run(run_id).info
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise RunGoneError(
            f"Run {run_id} is not on the tracking server at {uri}: it was erased, or was made "
            "on another server."
        ) from None
    if info.lifecycle_stage == LifecycleStage.DELETED:
        raise RunGoneError(f"Run {run_id} was deleted; restore it in MLflow first.")
    return str(info.experiment_id)


@contextlib.contextmanager
def _end(uri: str, run: Run) -> Iterator[Run]:
    try:
        yield run
    except BaseException as error:
        # A server that is away must not hide the reason
        with contextlib.suppress(Exception):
            check(uri)
            run.send_figures()
        with contextlib.suppress(Exception):
            mlflow.end_run("KILLED" if isinstance(error, Stopped) else "FAILED")
        raise
    with clear_errors(uri):
        mlflow.end_run("FINISHED")
