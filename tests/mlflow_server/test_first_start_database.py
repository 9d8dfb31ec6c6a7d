"""The database is created where it is missing, and migrated whole or not at all."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from support.processes import wait_until
from support.servers.databases import execute, refusal, start_preparing, start_two
from support.servers.postgres import postgres_server


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


# Ends when the table exists, or after a minute; every look has a snapshot of its own.
AWAIT = """
DO $$ BEGIN
FOR look IN 1..6000 LOOP
  EXIT WHEN EXISTS (SELECT FROM pg_class WHERE relname = 'experiments');
  PERFORM pg_sleep(0.01);
END LOOP;
END $$
"""


def kill_when(uri: str, is_met: Callable[[], bool]) -> None:
    begun = start_preparing(uri)
    wait_until(is_met, 60)
    begun.kill()
    assert begun.communicate()[0] == "", "killed too late"


def test_two_servers_at_once_create_one_missing_database(postgres: str):
    assert start_two(f"{postgres}at-once") == ["migrated", "nothing to do"]


def test_a_killed_migration_of_postgres_is_done_by_the_next_start(postgres: str):
    uri = f"{postgres}killed"
    execute(f"{postgres}postgres", "CREATE DATABASE killed")
    kill_when(uri, lambda: execute(uri, AWAIT) == "")
    assert execute(uri, "SELECT to_regclass('alembic_version')") == "[(None,)]"
    assert start_two(uri) == ["migrated", "nothing to do"]


def test_a_killed_migration_of_sqlite_leaves_nothing_and_is_done_by_the_next_start(tmp_path: Path):
    path = tmp_path / "folder #1" / "mlflow.db"
    uri = f"sqlite:///{path}?timeout=20"
    unfinished = path.with_name("mlflow.db.unfinished")
    for table in ("experiments", "alembic_version", "registered_models"):
        unfinished.unlink(missing_ok=True)
        kill_when(uri, partial(has_table, unfinished, table))
        assert unfinished.exists()
        assert path.stat().st_size == 0
    assert start_two(uri) == ["migrated", "nothing to do"]
    assert not unfinished.exists()


def has_table(path: Path, table: str) -> bool:
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        query = "SELECT count(*) FROM sqlite_master WHERE name = ?"
        return bool(database.execute(query, [table]).fetchone() == (1,))


def test_an_account_that_may_not_create_the_database_is_told_what_to_do(
    postgres: str, tmp_path: Path
):
    execute(f"{postgres}postgres", "CREATE ROLE reader LOGIN")
    said = refusal(f"{postgres.replace('mlflow@', 'reader@')}missing", tmp_path)
    assert said.startswith("The database missing does not exist, and this account may not create")


def test_a_database_of_a_newer_mlflow_is_refused_with_what_to_do(tmp_path: Path):
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE alembic_version AS SELECT 'f00d' AS version_num")
        database.commit()
    said = refusal(f"sqlite:///{path}", tmp_path)
    assert said.startswith("The database has the schema f00d, which MLflow 3.")
    assert "start the newer version that made it" in said
