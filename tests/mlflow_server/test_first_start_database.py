"""The database is created where it is missing, and migrated whole or not at all."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from support.processes import wait_until
from support.servers.postgres import postgres_server
from support.servers.tracking import FOLDER, PYTHON, environ

PREPARE = """
import sys
from database import prepare_database
prepare_database(sys.argv[1])
print("migrated" if "mlflow.db" in sys.modules else "nothing to do")
"""
ASK = """
import sys, psycopg2
from contextlib import closing
with closing(psycopg2.connect(sys.argv[1].replace("+psycopg2", ""))) as connection:
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(sys.argv[2])
    print(cursor.fetchall() if cursor.description else "")
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


def start(uri: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PYTHON, "-c", PREPARE, uri], env=os.environ | {"PYTHONPATH": str(FOLDER)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def ask(uri: str, query: str) -> str:
    command = [PYTHON, "-c", ASK, uri, query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def refusal(uri: str, folder: Path) -> str:
    """Start a server that must refuse its database; return what it says."""
    variables = environ(folder, BACKEND_STORE_URI=uri)
    command = [PYTHON, FOLDER / "start.py"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def start_two(uri: str) -> list[str]:
    """Start two servers at once on one database; return what each did."""
    return sorted(each.communicate()[0].strip() for each in [start(uri), start(uri)])


def kill_when(uri: str, is_met: Callable[[], bool]) -> None:
    begun = start(uri)
    wait_until(is_met, 60)
    begun.kill()
    assert begun.communicate()[0] == "", "killed too late"


def test_two_servers_at_once_create_one_missing_database(postgres: str):
    assert start_two(f"{postgres}at-once") == ["migrated", "nothing to do"]


def test_a_killed_migration_of_postgres_is_done_by_the_next_start(postgres: str):
    uri = f"{postgres}killed"
    ask(f"{postgres}postgres", "CREATE DATABASE killed")
    kill_when(uri, lambda: "experiments" in ask(uri, "SELECT to_regclass('experiments')"))
    assert ask(uri, "SELECT to_regclass('alembic_version')") == "[(None,)]"
    assert start_two(uri) == ["migrated", "nothing to do"]


def test_a_killed_migration_of_sqlite_leaves_nothing_and_is_done_by_the_next_start(tmp_path: Path):
    path = tmp_path / "folder" / "mlflow.db"
    unfinished = path.with_name("mlflow.db.unfinished")
    for table in ("experiments", "alembic_version", "registered_models"):
        unfinished.unlink(missing_ok=True)
        kill_when(f"sqlite:///{path}", partial(has_table, unfinished, table))
        assert unfinished.exists()
        assert path.stat().st_size == 0
    assert start_two(f"sqlite:///{path}") == ["migrated", "nothing to do"]
    assert not unfinished.exists()


def has_table(path: Path, table: str) -> bool:
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        query = "SELECT count(*) FROM sqlite_master WHERE name = ?"
        return bool(database.execute(query, [table]).fetchone() == (1,))


def test_an_account_that_may_not_create_the_database_is_told_what_to_do(
    postgres: str, tmp_path: Path
):
    ask(f"{postgres}postgres", "CREATE ROLE reader LOGIN")
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
