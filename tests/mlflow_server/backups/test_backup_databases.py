"""One format for SQLite and Postgres, without secrets, and of older schemas."""

import io
import os
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest

from support.archives import member, pack, read_contents, read_members
from support.servers.backups import SECRET, Stores, run_script, stores
from support.servers.postgres import Postgres

OLDER = "acf3f17fdcc7"  # a schema before logged models, traces and workspaces
OLDER_VERSION = "SELECT name, version, workspace FROM model_versions"
REVISION = "SELECT version_num FROM alembic_version"


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.execute(statement))


def schema(path: Path) -> dict[str, list[str]]:
    """The words that make each of MLflow's tables and indexes; its migrations vary their order."""
    made = query(path, "SELECT name, sql FROM sqlite_master WHERE name <> 'users' AND sql <> ''")
    return {str(name): sorted(str(sql).replace(",", " ").split()) for name, sql in made}


def test_what_goes_by_postgres_to_sqlite_is_as_it_was(
    filled: Stores, archive: Path, database: Postgres, tmp_path: Path
):
    """And the schema is the one that MLflow makes; new rows get new numbers."""
    database.sql("CREATE DATABASE one")
    middle = stores(tmp_path / "a #1 100% ?b", **database.settings("one", tmp_path / "credentials"))
    code, said = middle.restore(archive)
    assert code == 0, said
    assert database.sql("SELECT nextval('experiments_experiment_id_seq')", "one") == "2"
    assert middle.create(tmp_path / "from-postgres")[0] == 0
    assert read_contents(tmp_path / "from-postgres") == read_contents(archive)
    assert middle.artifact_files() == filled.artifact_files()
    target = stores(tmp_path / "target")
    assert target.restore(tmp_path / "from-postgres")[0] == 0
    assert schema(target.database) == schema(filled.database)
    for table in ("metrics", "spans", "model_versions", "evaluation_dataset_records"):
        everything = f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5"  # noqa: S608
        assert query(target.database, everything) == query(filled.database, everything)


def test_an_archive_has_no_secret(filled: Stores, archive: Path):
    assert query(filled.database, "SELECT secret FROM webhooks") == [(SECRET,)]
    contents = read_contents(archive)
    tables = {name.split("/")[1] for name in contents if name.startswith("database/")}
    assert not tables & {"secrets", "webhooks", "webhook_events", "jobs", "users"}
    assert {"spans", "runs", "registered_model_aliases"} <= tables
    assert not any(SECRET.encode() in content for content in contents.values())


def test_a_text_that_postgres_cannot_store_is_named(
    archive: Path, database: Postgres, tmp_path: Path
):
    members = read_members(archive.read_bytes())
    changed = [member(i.name, c.replace(b"a model:", b"a model\\u0000")) for i, c in members]
    (tmp_path / "archive").write_bytes(pack(changed))
    database.sql("CREATE DATABASE refusing")
    settings = database.settings("refusing", tmp_path / "credentials")
    target = stores(tmp_path / "target", **settings)
    code, said = target.restore(tmp_path / "archive")
    assert code == 1
    assert "A row of registered_models has a NUL character in description" in said
    assert "Traceback" not in said
    assert target.artifact_files() == {}


@pytest.mark.slow
def test_a_backup_of_large_rows_needs_little_memory(filled: Stores, tmp_path: Path):
    """Of 300 MB of rows of a megabyte each."""
    shutil.copytree(filled.folder, tmp_path / "large")
    large = stores(tmp_path / "large")
    numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION SELECT n + 1 FROM numbers LIMIT 300)"
    rows = "SELECT 'large' || n, printf('%.*c', 1000000, 'x'), 1 FROM numbers"
    with closing(sqlite3.connect(large.database)) as connection, connection:
        connection.execute(
            f"INSERT INTO experiment_tags (key, value, experiment_id) {numbers} {rows}"
        )
    process = large.start("create", stdin=None, stdout=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = code
    assert process.stderr
    assert code == 0, process.stderr.read()
    process.stderr.close()
    assert usage.ru_maxrss < 400_000, "kilobytes"


@pytest.fixture(scope="module")
def older_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a database with an older schema and one version."""
    older = stores(tmp_path_factory.mktemp("older"))
    run_script("older_database.py", f"sqlite:///{older.database}", OLDER)
    code, said = older.create(older.folder / "archive")
    assert code == 0, said
    return older.folder / "archive"


@pytest.mark.slow
def test_an_archive_of_an_older_schema_is_upgraded(older_archive: Path, tmp_path: Path):
    target = stores(tmp_path / "target")
    code, said = target.restore(older_archive)
    assert code == 0, said
    assert query(target.database, OLDER_VERSION) == [("older", 7, "default")]
    assert query(target.database, REVISION) not in ([], [(OLDER,)])


@pytest.mark.slow
def test_an_archive_of_an_older_schema_is_upgraded_in_postgres(
    older_archive: Path, database: Postgres, tmp_path: Path
):
    database.sql("CREATE DATABASE older")
    settings = database.settings("older", tmp_path / "credentials")
    code, said = stores(tmp_path / "target", **settings).restore(older_archive)
    assert code == 0, said
    assert database.sql(OLDER_VERSION, "older") == "older|7|default"
    assert database.sql(REVISION, "older") not in ("", OLDER)


def test_rows_that_are_written_together_are_in_the_archive_together(filled: Stores, tmp_path: Path):
    """While another process writes again and again, which does not wait for the backup."""
    shutil.copytree(filled.folder, tmp_path / "busy")
    busy = stores(tmp_path / "busy")
    process = busy.start("create", stdin=None, stdout=subprocess.PIPE)
    archive = io.BytesIO()
    with closing(sqlite3.connect(busy.database, timeout=20)) as connection:
        number = 0
        reader = threading.Thread(target=lambda: archive.write(process.communicate()[0]))
        reader.start()
        while reader.is_alive():
            number += 1
            with connection:
                for table in ("experiment_tags", "registered_model_tags"):
                    column = "experiment_id" if table == "experiment_tags" else "name"
                    owner = 1 if table == "experiment_tags" else "mnist-classifier"
                    connection.execute(
                        f"INSERT INTO {table} (key, value, {column}) VALUES (?, 'busy', ?)",  # noqa: S608
                        (f"{number:09}", owner),
                    )
    assert process.returncode == 0
    rows = [
        content.count(b'"busy"')
        for info, content in read_members(archive.getvalue())
        if info.name.startswith(("database/experiment_tags/", "database/registered_model_tags/"))
    ]
    assert len(rows) == 2
    assert 0 < rows[0] == rows[1] < number
