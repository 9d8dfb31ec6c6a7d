"""The health check of the container: it follows the database, not what users keep in it."""

import re
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import free_port
from support.servers.tracking import FOLDER, PYTHON, TrackingServer, environ, tracking_server

pytestmark = pytest.mark.slow
HURRIED = """
import healthcheck, sys
print(healthcheck.START_TIMEOUT)
healthcheck.START_TIMEOUT = 1
sys.exit(healthcheck.main())
"""


def check(port: int, folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the check, or Python with ``arguments`` in its folder."""
    return subprocess.run(
        [PYTHON, *(arguments or ("healthcheck.py",))],
        cwd=FOLDER / "plugin",
        env=environ(folder, PORT=str(port)),
        capture_output=True,
        text=True,
        check=False,
    )


def collect_garbage(folder: Path, uri: str) -> None:
    database = f"--backend-store-uri=sqlite:///{folder / 'mlflow.db'}"
    command = [PYTHON.with_name("mlflow"), "gc", database, f"--tracking-uri={uri}"]
    subprocess.run(command, env=environ(folder), check=True, capture_output=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("changed")


@pytest.fixture(scope="module")
def changed_server(folder: Path) -> Iterator[TrackingServer]:
    """A server whose database the tests of this module change."""
    with tracking_server(folder) as server:
        yield server


def test_a_server_whose_default_experiment_was_deleted_is_healthy(
    changed_server: TrackingServer, folder: Path
) -> None:
    assert check(changed_server.port, folder).returncode == 0
    deleted = changed_server.send(
        "POST", "/api/2.0/mlflow/experiments/delete", '{"experiment_id": "0"}'
    )
    assert deleted.status == 200
    assert check(changed_server.port, folder).returncode == 0
    collect_garbage(folder, changed_server.url)
    found = changed_server.send("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
    assert found.status == 404
    assert check(changed_server.port, folder).returncode == 0


def test_a_server_without_its_database_is_not_healthy(
    changed_server: TrackingServer, folder: Path
) -> None:
    rename = "ALTER TABLE {} RENAME TO {}"
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute(rename.format("experiments", "lost"))
    failed = check(changed_server.port, folder)
    assert failed.returncode == 1
    assert "is the database up?" in failed.stderr
    assert changed_server.send("GET", "/health").status == 200
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute(rename.format("lost", "experiments"))


def test_nothing_that_listens_is_not_healthy(tmp_path: Path) -> None:
    """It gives up after START_TIMEOUT, before the engine ends it; here after a second."""
    port = free_port()
    failed = check(port, tmp_path, "-c", HURRIED)
    assert failed.returncode == 1
    assert f"Nothing listens on port {port}" in failed.stderr
    engine = re.search(r"HEALTHCHECK .*--timeout=(\d+)s", (FOLDER / "Dockerfile").read_text())
    assert engine
    assert int(failed.stdout) < int(engine[1])
