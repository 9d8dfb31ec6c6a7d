"""A collection that cannot begin says so in one sentence, and changes nothing."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from support.servers.backups import Stores, stores
from support.servers.tracking import empty_database

OLDER = "acf3f17fdcc7"  # a schema before logged models
AWAY = {
    "ARTIFACTS_DESTINATION": "s3://mlflow",
    "MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9",  # nothing listens there
    "AWS_ACCESS_KEY_ID": "mlflow",
    "AWS_SECRET_ACCESS_KEY": "mlflow",
    "AWS_MAX_ATTEMPTS": "1",
}


def test_a_database_that_is_missing_is_not_made(tmp_path: Path):
    target = stores(tmp_path / "target")
    assert target.collect() == (
        f"There is no data: {target.database} does not exist. Start the stack first.\n"
    )
    assert not target.database.exists()


def test_a_database_with_an_older_schema_is_not_migrated(filled: Stores, tmp_path: Path):
    older = stores(tmp_path / "older")
    shutil.copy(filled.database, older.database)
    with closing(sqlite3.connect(older.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [OLDER])
    before = older.database.read_bytes()
    assert older.collect() == (
        "The database does not have this MLflow's schema. Start the stack first.\n"
    )
    assert older.database.read_bytes() == before


def test_the_artifacts_of_another_stack_are_not_collected(filled: Stores, tmp_path: Path):
    target = stores(tmp_path / "target", ARTIFACTS_DESTINATION=str(filled.artifacts))
    target.database.write_bytes(empty_database())
    before = filled.artifact_files()
    assert "is in the database, so it may be another stack's" in target.collect()
    assert filled.artifact_files() == before


def test_an_artifact_store_that_is_away_is_said(filled: Stores, tmp_path: Path):
    shutil.copytree(filled.folder, tmp_path / "copy")
    said = stores(tmp_path / "copy", **AWAY).collect()
    assert said.startswith("The artifact store fails: Could not connect")
    assert said.count("\n") == 1
