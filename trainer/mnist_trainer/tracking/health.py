"""The tracking server: whether it is there, and its errors as sentences."""

import contextlib
import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from mnist_trainer.console import say
from mnist_trainer.errors import TrainerError

PATIENCE = 5  # seconds a server may take to say that it is there
RETURN = 20  # seconds a server that is away is given to come back
ASKS_DATABASE = "/api/2.0/mlflow/experiments/get?experiment_id=0"
AUTHORISATION = (
    401,
    403,
)  # the server is there; MLflow has the credentials and will say what it is
AWAY = ("Max retries exceeded", "timeout exception", "Connection aborted", "Invalid url")
FAILING = re.compile(r"too many (\d+) error responses")


class ServerError(TrainerError):
    """The tracking server is away or refuses; the message says which."""


def check(uri: str) -> None:
    """Raise ServerError unless the server and its database answer within seconds.

    Asked without MLflow, which takes longer to import than the answer.
    """
    try:
        urllib.request.urlopen(uri + ASKS_DATABASE, timeout=PATIENCE).close()  # noqa: S310 - http(s), checked by settings.py
    except urllib.error.HTTPError as error:
        if error.code not in AUTHORISATION:
            raise ServerError(
                f"MLFLOW_TRACKING_URI is {uri}, and what answers there is no tracking server in "
                f"working order: it says {error.code} {error.reason}."
            ) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _away(uri) from error


def answers(uri: str) -> bool:
    """Tell whether the server and its database answer."""
    try:
        check(uri)
    except ServerError:
        return False
    return True


def await_answer(uri: str) -> None:
    """Wait a little for a server that is away; raises ServerError where it does not come back."""
    if answers(uri):
        return
    say(f"The tracking server does not answer; it is given {RETURN} seconds to come back.")
    until = time.monotonic() + RETURN
    while time.monotonic() < until and not answers(uri):
        time.sleep(1)
    check(uri)


@contextlib.contextmanager
def clear_errors(uri: str) -> Iterator[None]:
    """Turn what MLflow raises into a ServerError of one sentence."""
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, requests.RequestException) as error:
        said = " ".join(str(error).split())
        gone = isinstance(error, requests.ConnectionError | requests.Timeout)
        if failed := FAILING.search(said):
            raise ServerError(
                f"The tracking server at {uri} answers {failed[1]}, again and again; its log says "
                "why."
            ) from error
        if gone or any(sign in said for sign in AWAY):
            raise _away(uri) from error
        raise ServerError(f"The tracking server at {uri} refused: {said[:300]}") from error


def _away(uri: str) -> ServerError:
    return ServerError(
        f"No tracking server answers at {uri}; start it, or correct MLFLOW_TRACKING_URI."
    )
