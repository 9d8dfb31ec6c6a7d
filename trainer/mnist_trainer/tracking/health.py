"""Health of the tracking server, and MLflow's errors as one sentence."""

import contextlib
import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from mnist_trainer.console import print_line
from mnist_trainer.errors import TrainerError

TIMEOUT = 5  # seconds for an answer
RECOVERY = 20  # seconds to wait for a server that does not answer
DATABASE_ROUTE = "/api/2.0/mlflow/experiments/search?max_results=1"  # an empty result is healthy
AUTHORISATION = (401, 403)  # the server answers; MLflow's client has the credentials
UNREACHABLE = ("Max retries exceeded", "timeout exception", "Connection aborted", "Invalid url")
FAILING = re.compile(r"too many (\d+) error responses")
UNAUTHENTICATED = re.compile("error code 401|401 Client Error")


class ServerError(TrainerError):
    """The tracking server does not answer or refuses a request; the message says which."""


def check_health(uri: str) -> None:
    """Raise ServerError unless the server and its database answer within seconds.

    Without MLflow's client, which takes seconds to import.
    """
    try:
        urllib.request.urlopen(uri + DATABASE_ROUTE, timeout=TIMEOUT).close()  # noqa: S310 - http(s), checked by settings.py
    except urllib.error.HTTPError as error:
        if error.code not in AUTHORISATION:
            raise ServerError(
                f"MLFLOW_TRACKING_URI is {uri}, and no working tracking server "
                f"answers there: its status is {error.code} {error.reason}."
            ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _unreachable(uri) from error


def is_healthy(uri: str) -> bool:
    """Return whether the server and its database answer."""
    try:
        check_health(uri)
    except ServerError:
        return False
    return True


def wait_until_healthy(uri: str) -> None:
    """Wait up to 20 seconds for a server that does not answer; raises ServerError."""
    if is_healthy(uri):
        return
    print_line(f"The tracking server does not answer; waiting up to {RECOVERY} seconds for it.")
    until = time.monotonic() + RECOVERY
    while time.monotonic() < until and not is_healthy(uri):
        time.sleep(1)
    check_health(uri)


@contextlib.contextmanager
def translate_errors(uri: str) -> Iterator[None]:
    """Translate MLflow's exceptions into a ServerError of one sentence."""
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, requests.RequestException) as error:
        message = " ".join(str(error).split())
        lost = isinstance(error, requests.ConnectionError | requests.Timeout)
        if failed := FAILING.search(message):
            raise ServerError(
                f"The tracking server at {uri} answers {failed[1]}, again and again; see its log."
            ) from error
        if lost or any(text in message for text in UNREACHABLE):
            raise _unreachable(uri) from error
        if UNAUTHENTICATED.search(message):
            raise ServerError(
                f"The tracking server at {uri} does not accept this account or its password: after "
                "a rotation start the trainer again, else correct MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD."
            ) from error
        raise ServerError(f"The tracking server at {uri} refused: {message[:300]}") from error


def _unreachable(uri: str) -> ServerError:
    return ServerError(
        f"No tracking server answers at {uri}; start it, or correct MLFLOW_TRACKING_URI."
    )
