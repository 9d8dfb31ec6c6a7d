"""`make up` without containers: tracking server, first training and API as local processes."""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import programs
from local.environments import matches_lock
from local.processes import ProcessFailedError, StopRequestedError, Supervisor
from local.running import lock_state
from local.settings import Settings

SERVICES = ("mlflow-server", "trainer", "api")
ENVIRONMENTS_MB, STATE_MB = 3000, 200  # measured: environments take 2.3 GB, a run less than 10 MB
NOT_PROMOTED = 3  # the trainer's exit code for a network that did not pass the gate


class StartRefusedError(Exception):
    """The stack cannot start; the message says why and what to do."""


def up(settings: Settings, training: list[str]) -> int:
    """Run the stack until Ctrl-C or SIGTERM and return the exit code.

    ``training`` are options of the first training, if one is needed. If the stack cannot start or
    one of its programs ends, the others are stopped. Raises StartRefusedError, RunningError and
    ProcessFailedError.
    """
    ready = False
    (settings.state / "logs").mkdir(parents=True, exist_ok=True)
    (settings.state / "mlflow").mkdir(exist_ok=True)
    with lock_state(settings.state), Supervisor() as supervisor:
        try:
            _require_disk_space(settings.state)
            _require_free_port("MLFLOW_PORT", settings.mlflow_port)
            _require_free_port("API_PORT", settings.api_port)
            _start(supervisor, settings, training)
            ready = True
            _print_addresses(settings)
            supervisor.supervise()
        except StopRequestedError as stop:
            print(f"\nStopping ({stop}).", flush=True)
            return 0 if ready else 128 + stop.signal_number


def _start(supervisor: Supervisor, settings: Settings, training: list[str]) -> None:
    if supervisor.run(programs.environments(*SERVICES)) != 0:
        raise StartRefusedError("The environments could not be made; see the message above.")
    with _step(f"Starting MLflow on {settings.mlflow_url}"):
        supervisor.start(programs.mlflow_server(settings))
        # reads from the database; /health does not
        experiments = "/api/2.0/mlflow/experiments/search?max_results=1"
        supervisor.wait_until_ready(settings.mlflow_url + experiments, seconds=180)
    print("Looking for a Production version ...", flush=True)
    arguments = ["train", "--if-missing", "--require-promotion", *training]
    own = {"MLFLOW_TRACKING_URI": settings.mlflow_url}  # whatever the user's environment has
    code = supervisor.run(programs.trainer(settings, arguments, own))
    if code == NOT_PROMOTED:
        raise ProcessFailedError("The first network did not pass the gate, so no model is active.")
    if code != 0:
        raise ProcessFailedError(f"The training failed (exit code {code}); see the message above.")
    with _step(f"Starting the API on {settings.api_url}"):
        supervisor.start(programs.api(settings))
        supervisor.wait_until_ready(f"{settings.api_url}/health", seconds=60)


@contextmanager
def _step(what: str) -> Iterator[None]:
    print(f"{what} ...", flush=True)
    begin = time.monotonic()
    yield
    print(f"  ready after {time.monotonic() - begin:.1f} s", flush=True)


def _require_free_port(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise StartRefusedError(
                f"{name}: port {port} is not permitted; choose one above 1023."
            ) from error
        except OSError as error:
            raise StartRefusedError(
                f"Port {port} is taken by another program. Stop that program, or choose another "
                f"port: make up {name}={port + 1}"
            ) from error


def _require_disk_space(state: Path) -> None:
    missing = not all(matches_lock(name) for name in SERVICES)
    needed = STATE_MB + (ENVIRONMENTS_MB if missing else 0)
    free = shutil.disk_usage(state).free // 1_000_000
    if free < needed:
        raise StartRefusedError(
            f"The disk is full: {free} MB are free at {state}, and {needed} MB are needed. "
            "Free some space and try again."
        )


def _print_addresses(settings: Settings) -> None:
    print(
        f"""
The stack runs:
  API      {settings.api_url}   predictions of the Production version
  MLflow   {settings.mlflow_url}   runs, artifacts and the registered model
  State    {settings.state}   database, files and logs

Try, in another terminal:
  curl {settings.api_url}/health
  curl {settings.api_url}/predict -H 'Content-Type: application/json' -d @api/samples/seven.json
  make train      trains another network; if it is not worse, it is promoted and becomes active
  make versions   lists the registered versions, and which one is promoted

Ctrl-C stops all of it.
""",
        flush=True,
    )
