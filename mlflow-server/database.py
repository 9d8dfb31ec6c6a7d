"""Prepares the database before the server starts: it exists, and has the schema of this MLflow.

A migration that is interrupted or fails leaves the database as it was: Postgres rolls it back, and
SQLite's file is migrated in a copy. Servers that start at once migrate one after the other.
"""

import fcntl
import os
import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from importlib.metadata import distribution, version
from pathlib import Path

import psycopg2  # type: ignore[import-untyped]
from psycopg2 import sql

LOCK_ID = 0x6D6C666C6F77  # of Postgres' advisory lock, the same in all servers
DATA_LOCK_ID = 0x726573746F7265  # of another one, which a restore has alone
WAIT = 100  # seconds for a Postgres that does not accept connections yet
SELECT_REVISION = "SELECT version_num FROM alembic_version"
REVISION = re.compile(r'^(down_)?revision = "(\w+)"', re.MULTILINE)


class DatabaseError(Exception):
    """The database can't be used; the message says why and what to do."""


def prepare_database(uri: str) -> None:
    """Create the database ``uri`` if it is missing, and migrate it. Raises DatabaseError."""
    if uri.startswith("postgresql"):
        _prepare_postgres(uri)
    elif path := sqlite_path(uri):
        _prepare_sqlite(path)


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a SQLite database, None if ``uri`` names another database."""
    if not uri.startswith("sqlite"):
        return None
    from sqlalchemy import make_url  # takes a third of a second, so only where it is needed

    return Path(make_url(uri).database or "")


def lock_database(uri: str) -> AbstractContextManager[object]:
    """Hold the lock under which servers prepare the database ``uri``. Raises DatabaseError."""
    return _lock_sqlite(path) if (path := sqlite_path(uri)) else _lock_postgres(uri)


@contextmanager
def keep_restores_away(uri: str) -> Iterator[None]:
    """Wait for the end of a restore, and let none begin until the `with` block ends.

    Nor until the program ends by which the process replaces itself in the block: that inherits the
    connection. A local stack has a lock of its own. Raises DatabaseError.
    """
    if not uri.startswith("postgresql"):
        yield
        return
    with _open_session(uri) as cursor:
        cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", [DATA_LOCK_ID])
        if cursor.fetchone() == (False,):
            print("A restore is going on: waiting for its end.", file=sys.stderr, flush=True)
            cursor.execute("SELECT pg_advisory_lock_shared(%s)", [DATA_LOCK_ID])
        os.set_inheritable(cursor.connection.fileno(), True)
        yield


@contextmanager
def _lock_postgres(uri: str) -> "Iterator[psycopg2.extensions.cursor]":
    with _open_session(uri) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])  # until the session ends
        yield cursor


@contextmanager
def _open_session(uri: str) -> "Iterator[psycopg2.extensions.cursor]":
    address = re.sub(r"^postgresql\+\w+", "postgresql", uri)
    with closing(_connect(address)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        yield cursor


@contextmanager
def _lock_sqlite(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepare_postgres(uri: str) -> None:
    with _lock_postgres(uri) as cursor:
        try:
            cursor.execute(SELECT_REVISION)
            row = cursor.fetchone()
        except psycopg2.errors.UndefinedTable:
            row = None
        if _needs_migration(row):
            _migrate(uri)


def _connect(address: str) -> "psycopg2.extensions.connection":
    deadline, reported = time.monotonic() + WAIT, ""
    while True:
        try:
            return psycopg2.connect(address, connect_timeout=10)
        except psycopg2.OperationalError as error:  # its text alone, translated, says why
            if _create_if_missing(address):
                continue
            if time.monotonic() > deadline:
                raise DatabaseError(f"The database does not accept connections: {error}") from error
            if str(error) != reported:
                reported = str(error)
                print(f"Waiting for the database: {reported}", file=sys.stderr, flush=True)
            time.sleep(1)


def _create_if_missing(address: str) -> bool:
    """Create the database if the server responds and lacks it; return whether it did."""
    name = psycopg2.extensions.parse_dsn(address)["dbname"]
    try:
        connection = psycopg2.connect(address, dbname="postgres", connect_timeout=10)
    except psycopg2.OperationalError:
        return False
    with closing(connection), connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_ID])
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if cursor.rowcount:
            return False
        try:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg2.errors.InsufficientPrivilege as error:
            raise DatabaseError(
                f"The database {name} does not exist, and this account may not create it: create "
                "it with an account that may, and make this account its owner."
            ) from error
    return True


def _prepare_sqlite(path: Path) -> None:
    with _lock_sqlite(path):
        with closing(sqlite3.connect(path)) as database:
            try:
                row = database.execute(SELECT_REVISION).fetchone()
            except sqlite3.DatabaseError as error:
                if "no such table" not in str(error):
                    raise DatabaseError(f"The database {path} can't be read: {error}") from error
                row = None
            if not _needs_migration(row):
                return
            unfinished = path.with_name(f"{path.name}.unfinished")
            for stale in (unfinished, unfinished.with_name(f"{unfinished.name}-journal")):
                stale.unlink(missing_ok=True)
            try:
                with closing(sqlite3.connect(unfinished)) as copy:
                    database.backup(copy)
            except sqlite3.Error as error:
                raise DatabaseError(
                    f"The database could not be copied for its migration and is as it was: {error}"
                ) from error
        _migrate(f"sqlite:///{unfinished}")
        unfinished.replace(path)


def _needs_migration(row: tuple[str] | None) -> bool:
    """Return whether the revision in ``row`` is not MLflow's newest. Raises DatabaseError.

    Reads MLflow's migrations as text: to import them takes seconds.
    """
    folder = Path(str(distribution("mlflow").locate_file("mlflow/store/db_migrations/versions")))
    found = [
        each for script in folder.glob("*.py") for each in REVISION.findall(script.read_text())
    ]
    known = {revision for down, revision in found if not down}
    newest = known - {revision for down, revision in found if down}
    if row is not None and row[0] not in known:
        raise DatabaseError(
            f"The database has the schema {row[0]}, which MLflow {version('mlflow')} does not "
            "know: start the newer version that made it, or restore a copy from before."
        )
    return row is None or row[0] not in newest


def _migrate(uri: str) -> None:
    # takes seconds, so only where it is needed
    from mlflow.db import upgrade

    try:
        upgrade.callback(uri)  # type: ignore[misc] # its type may be None
    except Exception as error:
        raise DatabaseError(
            f"The database could not be migrated to MLflow {version('mlflow')} and is as it was; "
            f"the version before can still use it: {error}"
        ) from error
