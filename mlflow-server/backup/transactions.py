"""The database: a snapshot to read from, and a transaction that replaces all of MLflow's tables."""

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from database import DATA_LOCK_ID, sqlite_path
from signals import block_signals
from sqlalchemy.pool import NullPool

from backup import BackupError

LOCK_TIMEOUT = 10  # seconds

COLLECTION_LOCK_ID = 0x636F6C6C656374  # of Postgres' advisory lock, which a collection has alone
# A running server shares the first of Postgres' locks.
SHARED = f"pg_try_advisory_lock_shared({DATA_LOCK_ID})"
POSTGRES_LOCKS = {
    "backup": f"{SHARED} AND pg_try_advisory_lock_shared({COLLECTION_LOCK_ID})",
    "collection": f"{SHARED} AND pg_try_advisory_lock({COLLECTION_LOCK_ID})",
    "restore": f"pg_try_advisory_lock({DATA_LOCK_ID})",
}
IN_USE = {
    "backup": "A collection or a restore is going on. Wait for its end, and try again.",
    "collection": "A backup, a restore or another collection is going on. Wait for its end, and "
    "try again.",
    "restore": "The stack runs, or a backup, a collection or a restore does. Stop the stack, or "
    "wait for the end, and try again.",
}


@contextmanager
def lock_data(uri: str, use: Literal["backup", "collection", "restore"]) -> Iterator[None]:
    """Keep all away for the `with` block that ``use`` excludes; only backups run side by side.

    Locks the folder of a SQLite database. Raises BackupError if the lock is not free.
    """
    _require_known(uri)
    if path := sqlite_path(uri):
        if use != "restore" and not path.exists():
            raise BackupError(f"There is no data: {path} does not exist. Start the stack first.")
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            folder = os.open(path.parent, os.O_RDONLY)
            stack.callback(os.close, folder)
            try:
                kind = fcntl.LOCK_SH if use == "backup" else fcntl.LOCK_EX
                fcntl.flock(folder, kind | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BackupError(IN_USE[use]) from error
            yield
    else:
        with _connect(uri) as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")  # idle, not in a transaction
            if not connection.scalar(sa.text(f"SELECT {POSTGRES_LOCKS[use]}")):
                raise BackupError(IN_USE[use])
            yield


@contextmanager
def read_snapshot(uri: str) -> Iterator[sa.Connection]:
    """Give a connection that sees the database as it is now, while others go on writing."""
    if path := sqlite_path(uri):
        with tempfile.TemporaryDirectory() as folder:  # as a long read would block the writers
            copy = Path(folder, "copy.db")
            _copy(path, copy)
            with _connect(f"sqlite:///{copy}") as connection:
                yield connection
    else:
        with _connect(uri) as connection:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            yield connection.execution_options(**options)


@contextmanager
def replace_database(uri: str, on_commit: Callable[[], None]) -> Iterator[sa.Connection]:
    """Give a connection whose changes count if the `with` block succeeds, and then at once.

    Calls ``on_commit`` as soon as they count or may count, before any signal stops the program.
    """
    if path := sqlite_path(uri):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.restoring")
        aside.unlink(missing_ok=True)  # of a restore that was killed
        try:
            if path.exists():
                _copy(path, aside)
            with _connect(f"sqlite:///{aside}") as connection, connection.begin():
                yield connection
            _rename(aside, path, on_commit)
        finally:
            for left in (aside, aside.with_name(f"{aside.name}-journal")):
                left.unlink(missing_ok=True)
    else:
        with _connect(uri) as connection, connection.begin() as transaction:
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'"))
            yield connection
            _commit(transaction, on_commit)


def reset_sequences(connection: sa.Connection, tables: list[sa.Table]) -> None:
    """Have Postgres number new rows after those that were inserted with their numbers."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.columns:
            if "nextval" in str(getattr(column.server_default, "arg", "")):
                next_value = sa.func.coalesce(sa.func.max(column), 0) + 1
                sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
                connection.execute(sa.select(sa.func.setval(sequence, next_value, False)))


def _require_known(uri: str) -> None:
    if (name := sa.make_url(uri).get_backend_name()) not in ("sqlite", "postgresql"):
        raise BackupError(
            f"BACKEND_STORE_URI names a database of {name}; a backup works with SQLite and "
            "Postgres."
        )


@contextmanager
def _connect(uri: str) -> Iterator[sa.Connection]:
    # for Postgres: many rows at once, and no wait of minutes for a server that is away
    options = {"executemany_mode": "values_plus_batch", "connect_args": {"connect_timeout": 10}}
    engine = sa.create_engine(uri, poolclass=NullPool, **({} if sqlite_path(uri) else options))
    with engine.connect() as connection:
        yield connection


def _copy(path: Path, copy: Path) -> None:
    """Copy a SQLite database in one step, as one moment, even while others write to it."""
    with closing(sqlite3.connect(path, timeout=60)) as source, closing(sqlite3.connect(copy)) as to:
        source.backup(to)


def _rename(aside: Path, path: Path, on_commit: Callable[[], None]) -> None:
    with aside.open("rb") as written:
        os.fsync(written.fileno())
    with block_signals():
        aside.replace(path)
        on_commit()
    with suppress(OSError):  # not every file system can
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _commit(transaction: sa.Transaction, on_commit: Callable[[], None]) -> None:
    with block_signals():
        try:
            transaction.commit()
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
            on_commit()
            raise BackupError(
                "The connection to the database broke at the end, so that it is not known whether "
                "the database is restored: do it again, with REPLACE=1."
            ) from error
        on_commit()
