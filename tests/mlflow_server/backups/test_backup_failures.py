"""What fails is said in one sentence, and nothing is left."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.servers.backups import Stores, start_with, stores
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


def test_a_password_file_that_is_missing_is_named(tmp_path: Path):
    settings = {"CREDENTIALS_FOLDER": "/none", "POSTGRES_PASSWORD_FILE": "/none/password"}
    target = stores(tmp_path / "stores", **settings)
    said = (
        "The password file /none/password cannot be read (No such file or directory): start the "
        "whole stack, which makes it.\n"
    )
    assert target.create(tmp_path / "archive") == (1, said)


def test_an_artifact_store_without_the_files_of_the_versions_is_an_error(
    filled: Stores, tmp_path: Path
):
    target = stores(tmp_path / "stores", BACKEND_STORE_URI=f"sqlite:///{filled.database}")
    code, said = target.create(tmp_path / "archive")
    assert code == 1
    assert said.splitlines()[-1] == (
        f"There is no artifact in {target.artifacts}, but the database has 2 versions with files "
        "there: bring them back, or delete the versions, and back up again."
    )


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


def test_a_disk_without_room_for_an_archive_that_comes_by_a_pipe_is_an_error(
    small_disk: Path, tmp_path: Path
):
    """As it does into a container: it is copied to a temporary file first."""
    target = stores(tmp_path / "target", TMPDIR=str(small_disk))
    end, begin = os.pipe()
    pipe = Path(f"/proc/self/fd/{end}")
    process = target.start("restore", stdin=pipe, stdout=subprocess.DEVNULL)
    os.close(end)
    with open(begin, "wb") as archive:
        archive.write(bytes(100_000))
    said = process.communicate()[1].decode()
    assert process.returncode == 1
    assert said == "The disk is full. Free some space and try again.\n"
    assert target.is_empty()


def test_a_row_that_no_archive_can_hold_is_named(filled: Stores, tmp_path: Path):
    shutil.copytree(filled.folder, tmp_path / "large")
    large = stores(tmp_path / "large")
    with closing(sqlite3.connect(large.database)) as connection, connection:
        row = "SELECT 'large', printf('%.*c', 70000000, 'x'), 1"
        connection.execute(f"INSERT INTO experiment_tags (key, value, experiment_id) {row}")
    code, said = large.create(tmp_path / "archive")
    assert code == 1
    assert said == (
        "A row of experiment_tags has more than 64 MB, which an archive cannot hold. Delete it "
        "(key=large, experiment_id=1), and back up again.\n"
    )


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
