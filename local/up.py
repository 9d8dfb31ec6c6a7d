"""`make up` without containers: tracking server, first training and API as processes here."""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import programs
from local.environments import matches_lock
from local.processes import ProcessFailedError, StopRequestedError, Supervisor
from local.running import only_one
from local.settings import Settings

SERVICES = ("mlflow-server", "trainer", "api")
ENVIRONMENTS_MB, STATE_MB = 3000, 200  # measured: 2.3 GB of environments; a run keeps under 10 MB
NOT_PROMOTED = 3  # the trainer's exit code for a network that did not pass the gate


class StartRefusedError(Exception):
    """The stack cannot start as things are; the message says why and what to do."""


def up(settings: Settings, training: list[str]) -> int:
    """Run the stack until Ctrl-C or SIGTERM and return the exit code.

    ``training`` are options of the first training, should one be needed. When the stack cannot
    start, or a part of it ends, nothing runs on. Raises StartRefusedError, RunningError and
    ProcessFailedError.
    """
    ready = False
    (settings.state / "logs").mkdir(parents=True, exist_ok=True)
    (settings.state / "mlflow").mkdir(exist_ok=True)
    with only_one(settings.state), Supervisor() as supervisor:
        try:
            _require_room(settings.state)
            _require_free_port("MLFLOW_PORT", settings.mlflow_port)
            _require_free_port("API_PORT", settings.api_port)
            _bring_up(supervisor, settings, training)
            ready = True
            _say_ready(settings)
            supervisor.watch()
        except StopRequestedError as stop:
            print(f"\nStopping, as asked ({stop}).", flush=True)
            return 0 if ready else 128 + stop.signal_number


def _bring_up(supervisor: Supervisor, settings: Settings, training: list[str]) -> None:
    if supervisor.run(programs.environments(*SERVICES)) != 0:
        raise StartRefusedError("The environments could not be made; the reason stands above.")
    with _step(f"Starting MLflow on {settings.mlflow_url}"):
        supervisor.start(programs.mlflow_server(settings))
        # Goes through the database; /health would answer without it.
        through_database = "/api/2.0/mlflow/experiments/get?experiment_id=0"
        supervisor.wait_until_ready(settings.mlflow_url + through_database, seconds=180)
    print("Looking for a Production version ...", flush=True)
    arguments = ["train", "--if-missing", "--require-promotion", *training]
    code = supervisor.run(programs.trainer(settings, arguments))
    if code == NOT_PROMOTED:
        raise ProcessFailedError("The first network did not pass the gate, so nothing can serve.")
    if code != 0:
        raise ProcessFailedError(
            f"The training failed (exit code {code}); its reason stands above."
        )
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
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers themselves do
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise StartRefusedError(
                f"{name}: port {port} may not be used; choose one over 1023."
            ) from error
        except OSError as error:
            raise StartRefusedError(
                f"Port {port} is taken by another program. Stop that program, or choose another "
                f"port: make up {name}={port + 1}"
            ) from error


def _require_room(state: Path) -> None:
    missing = not all(matches_lock(name) for name in SERVICES)
    needed = STATE_MB + (ENVIRONMENTS_MB if missing else 0)
    free = shutil.disk_usage(state).free // 1_000_000
    if free < needed:
        raise StartRefusedError(
            f"The disk is full: {free} MB are free at {state}, and {needed} MB are needed. "
            "Make room and try again."
        )


def _say_ready(settings: Settings) -> None:
    print(
        f"""
The stack runs:
  API      {settings.api_url}   predictions of the Production version
  MLflow   {settings.mlflow_url}   runs, artifacts and the registered model
  State    {settings.state}   database, files and logs

Try, in another terminal:
  curl {settings.api_url}/health
  curl {settings.api_url}/predict -H 'Content-Type: application/json' -d @api/samples/seven.json
  make train      trains another network; if it is not worse, it goes live without a restart
  make versions   shows what is registered, and what serves

Ctrl-C stops all of it.
""",
        flush=True,
    )
