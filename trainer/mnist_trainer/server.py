"""The tracking server: whether it is there, and its errors as sentences."""

import contextlib
from collections.abc import Iterator

import requests
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from mnist_trainer.errors import TrainerError

PATIENCE = 5  # seconds a server may take to say that it is there
AWAY = ("Max retries exceeded", "timeout exception", "Connection aborted", "Invalid url")


class ServerError(TrainerError):
    """The tracking server is away or refuses; the message says which."""


def check(uri: str) -> None:
    """Raise ServerError unless the server and its database answer within five seconds."""
    with clear_errors(uri):
        answer = http_request(  # type: ignore[no-untyped-call]  # MLflow's own, with its credentials
            get_default_host_creds(uri),  # type: ignore[no-untyped-call]  # as above
            "/api/2.0/mlflow/experiments/get",
            "GET",
            params={"experiment_id": "0"},
            max_retries=0,
            timeout=PATIENCE,
            raise_on_status=False,
        )
    if answer.status_code != requests.codes.ok:
        raise ServerError(
            f"MLFLOW_TRACKING_URI is {uri}, and what answers there is no tracking server in "
            f"working order: it says {answer.status_code} {answer.reason}."
        )


@contextlib.contextmanager
def clear_errors(uri: str) -> Iterator[None]:
    """Turn what MLflow raises into a ServerError of one sentence."""
    try:
        yield
    except (MlflowException, requests.RequestException) as error:
        said = " ".join(str(error).split())
        if isinstance(error, requests.ConnectionError | requests.Timeout) or any(
            sign in said for sign in AWAY
        ):
            raise ServerError(
                f"No tracking server answers at {uri}; start it, or correct MLFLOW_TRACKING_URI."
            ) from error
        raise ServerError(f"The tracking server at {uri} refused: {said[:300]}") from error
