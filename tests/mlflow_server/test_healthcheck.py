"""The health check of the container: it follows the database, not what users keep in it."""

import sqlite3
import subprocess
from pathlib import Path

from support.processes import free_port
from support.servers.tracking import FOLDER, PYTHON, environ, tracking_server


def check(port: int, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, FOLDER / "healthcheck.py"],
        env=environ(folder, PORT=str(port)),
        capture_output=True,
        text=True,
        check=False,
    )


def collect_garbage(folder: Path, uri: str) -> None:
    database = f"--backend-store-uri=sqlite:///{folder / 'mlflow.db'}"
    command = [PYTHON.with_name("mlflow"), "gc", database, f"--tracking-uri={uri}"]
    subprocess.run(command, env=environ(folder), check=True, capture_output=True)


def test_a_server_whose_default_experiment_was_deleted_is_healthy(tmp_path: Path) -> None:
    with tracking_server(tmp_path) as server:
        assert check(server.port, tmp_path).returncode == 0
        deleted = server.send(
            "POST", "/api/2.0/mlflow/experiments/delete", '{"experiment_id": "0"}'
        )
        assert deleted.status == 200
        assert check(server.port, tmp_path).returncode == 0
        collect_garbage(tmp_path, server.url)
        found = server.send("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
        assert found.status == 404
        assert check(server.port, tmp_path).returncode == 0


def test_a_server_without_its_database_is_not_healthy(tmp_path: Path) -> None:
    with tracking_server(tmp_path) as server:
        with sqlite3.connect(tmp_path / "mlflow.db") as database:
            database.execute("ALTER TABLE experiments RENAME TO lost")
        failed = check(server.port, tmp_path)
        assert failed.returncode == 1
        assert "is the database up?" in failed.stderr
        assert server.send("GET", "/health").status == 200


def test_nothing_that_listens_is_not_healthy(tmp_path: Path) -> None:
    """It gives up after START_TIMEOUT; a server that starts meanwhile is found at once."""
    port = free_port()
    failed = check(port, tmp_path)
    assert failed.returncode == 1
    assert f"Nothing listens on port {port}" in failed.stderr
