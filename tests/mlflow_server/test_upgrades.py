"""The data of an earlier MLflow, made by that version, is migrated when today's server starts."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import environments
from support.processes import free_port, wait_until
from support.servers.databases import execute, refusal, start_two
from support.servers.postgres import postgres_server
from support.servers.tracking import tracking_server

EARLIER = Path(__file__).with_name("earlier")
BLOCKING = "scheduler_leases"  # a table of the last migrations: where it is already, they fail


@pytest.fixture(scope="module")
def earlier_python() -> Path:
    environments.LOCKS.setdefault("mlflow-earlier", EARLIER / "requirements.txt")
    return environments.make_environment("mlflow-earlier")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/mlflow.db"
    else:
        with postgres_server() as address:
            execute(f"{address}postgres", "CREATE DATABASE earlier")
            yield f"{address}earlier"


@contextmanager
def earlier_server(python: Path, uri: str, folder: Path) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [
            *(python.with_name("mlflow"), "server", f"--port={port}", "--workers=1"),
            *(f"--backend-store-uri={uri}", f"--artifacts-destination={folder}/artifacts"),
        ],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        wait_until(lambda: accepts_connections(process, port), 300)  # it compiles all
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # its gunicorn does not end with it
        process.wait(20)


def accepts_connections(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "it ended"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def use_earlier(python: Path, *arguments: str) -> str:
    environ = {name: os.environ[name] for name in ("PATH", "HOME")}
    command = [python, EARLIER / "use.py", *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


@pytest.mark.slow
def test_data_of_an_earlier_mlflow_survive_a_failed_migration_and_are_migrated_by_the_next(
    earlier_python: Path, database: str, tmp_path: Path
):
    with earlier_server(earlier_python, database, tmp_path) as url:
        run = use_earlier(earlier_python, "write", url)
    execute(database, f"CREATE TABLE {BLOCKING} (id INTEGER)")
    said = refusal(database, tmp_path)
    assert said.startswith("The database could not be migrated to MLflow 3.")
    assert use_earlier(earlier_python, "read", database) == "0.75"
    execute(database, f"DROP TABLE {BLOCKING}")
    assert start_two(database) == ["migrated", "nothing to do"]
    with tracking_server(tmp_path, BACKEND_STORE_URI=database) as server:
        api, alias = "/api/2.0/mlflow", "name=digits&alias=Production"
        found = json.loads(server.send("GET", f"{api}/registered-models/alias?{alias}").body)
        assert found["model_version"]["run_id"] == run
        assert found["model_version"]["tags"] == [{"key": "gate", "value": "passed"}]
        data = json.loads(server.send("GET", f"{api}/runs/get?run_id={run}").body)["run"]["data"]
        assert (data["metrics"][0]["value"], data["params"][0]["value"]) == (0.75, "2")
        source = found["model_version"]["source"].removeprefix("mlflow-artifacts:")
        note = server.send("GET", f"/api/2.0/mlflow-artifacts/artifacts{source}/note.txt")
        assert note.body == "made by an earlier version"
