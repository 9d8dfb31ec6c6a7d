"""What fails is said in one sentence, and nothing is left."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.servers.backups import Stores, stores
from support.servers.postgres import PASSWORD, Postgres

REFUSING = "http://127.0.0.1:9"  # nothing listens there
STOPPED_AFTER_COMMIT = """
import os, signal, stat
fsync = os.fsync
def stop(file):
    fsync(file)
    if stat.S_ISDIR(os.fstat(file).st_mode):
        os.kill(os.getpid(), signal.SIGTERM)
os.fsync = stop
"""
CUT_BEFORE_COMMIT = """
import os, socket, sqlalchemy
def cut(connection):
    if connection.dialect.name == "postgresql":
        socket.socket(fileno=os.dup(connection.connection.fileno())).shutdown(socket.SHUT_RDWR)
sqlalchemy.event.listen(sqlalchemy.Engine, "commit", cut)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_wrong_password_is_said_without_any_password(database: Postgres, tmp_path: Path):
    settings = database.settings("postgres", tmp_path / "credentials", "of another stack")
    code, said = stores(tmp_path / "stores", **settings).create(tmp_path / "archive")
    assert code == 1
    assert said.startswith("The database fails: ")
    assert 'password authentication failed for user "mlflow"' in said
    assert said.count("\n") == 1
    assert "of another stack" not in said
    assert PASSWORD not in said


def test_an_artifact_store_that_is_away_is_an_error(filled: Stores, tmp_path: Path):
    settings = {
        "BACKEND_STORE_URI": f"sqlite:///{filled.database}",
        "ARTIFACTS_DESTINATION": "s3://mlflow",
        "MLFLOW_S3_ENDPOINT_URL": REFUSING,
        "AWS_ACCESS_KEY_ID": "mlflow",
        "AWS_SECRET_ACCESS_KEY": "mlflow",
        "AWS_MAX_ATTEMPTS": "1",
    }
    code, said = stores(tmp_path / "stores", **settings).create(tmp_path / "archive")
    assert code == 1
    assert said.splitlines()[-1].startswith("The artifact store fails: Could not connect")
    assert "Traceback" not in said


def test_a_disk_without_room_for_the_artifacts_is_an_error_before_anything_is_stored(
    archive: Path, small_disk: Path, tmp_path: Path
):
    target = stores(tmp_path / "target", ARTIFACTS_DESTINATION=str(small_disk))
    code, said = target.restore(archive)
    assert code == 1
    assert said.splitlines()[-1].startswith("The disk is full: the archive needs ")
    assert not target.database.exists()
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_fills_up_is_an_error(archive: Path, small_disk: Path, tmp_path: Path):
    database = small_disk / "mlflow.db"
    target = stores(tmp_path / "target", BACKEND_STORE_URI=f"sqlite:///{database}")
    code, said = target.restore(archive)
    assert code == 1
    assert said.splitlines()[-1] == "The database fails: database or disk is full."
    assert list(small_disk.iterdir()) == []
    assert target.artifact_files() == {}


def start_with(code: str, folder: Path) -> dict[str, str]:
    """Return a variable with which Python runs code when it starts."""
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": str(folder)}


def test_a_restore_that_is_stopped_after_its_commit_keeps_the_artifacts(
    filled: Stores, archive: Path, tmp_path: Path
):
    target = stores(tmp_path / "target", **start_with(STOPPED_AFTER_COMMIT, tmp_path))
    code, said = target.restore(archive)
    assert code == 128 + signal.SIGTERM
    assert "Traceback" not in said
    assert target.artifact_files() == filled.artifact_files()
    assert target.database.exists()


def test_a_restore_whose_connection_breaks_at_the_commit_keeps_the_artifacts(
    filled: Stores, archive: Path, database: Postgres, tmp_path: Path
):
    """As the database may be restored."""
    database.sql("CREATE DATABASE cut")
    settings = database.settings("cut", tmp_path / "credentials")
    target = stores(tmp_path / "target", **settings, **start_with(CUT_BEFORE_COMMIT, tmp_path))
    code, said = target.restore(archive)
    assert code == 1
    assert "it is not known whether the database is restored" in said.splitlines()[-1]
    assert target.artifact_files() == filled.artifact_files()
