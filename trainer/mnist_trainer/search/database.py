"""Opening a study in a Postgres database that the searchers of several machines reach.

Locks are Postgres' advisory locks, held by a connection that a searcher keeps: when it is killed,
or its machine is gone, the server ends the connection, and another searcher repeats its trial.

Not Optuna's heartbeats: `Study.optimize` alone sends them, they take a suspended process for a dead
one, and the number of trials would need a lock all the same. Not its gRPC proxy, which has neither
heartbeats nor accounts.
"""

import contextlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from sqlalchemy.exc import PendingRollbackError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from mnist_trainer.search.locks import STUDY, Locks
from mnist_trainer.search.storage import StudyError, load_study

# Both ends give up a connection whose other end has been silent for 25 s
CONNECTION = {
    "connect_timeout": 10,  # s
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # ms
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=25000",
}


@dataclass(frozen=True)
class Database:
    """The address of a database, and the password of the account in it."""

    url: str = field(repr=False)  # may have a password
    password: str = field(repr=False)


class DatabaseLocks(Locks):
    """Advisory locks of a connection, which ``name`` keeps apart from those of other studies."""

    def __init__(self, connection: sqlalchemy.Connection, name: str) -> None:
        self._connection = connection
        self._key = zlib.crc32(name.encode()) - 2**31  # an int4

    def acquire(self, lock: int) -> bool:
        """Acquire a lock without waiting and return whether this process holds it now."""
        return self._call("pg_try_advisory_lock", lock)

    def release(self, lock: int) -> None:
        """Release a lock, which is lost with the connection; the next lock is then refused."""
        with contextlib.suppress(SQLAlchemyError):
            self._call("pg_advisory_unlock", lock)

    def _call(self, function: str, lock: int) -> bool:
        statement = sqlalchemy.text(f"select {function}(:key, :lock)")
        return bool(self._connection.scalar(statement, {"key": self._key, "lock": lock}))


@contextlib.contextmanager
def open_database(
    database: Database, name: str, epochs: int
) -> Iterator[tuple[optuna.Study, Locks]]:
    """Open a study in a database, or create it.

    Raises StudyError, also within the block where the database fails.
    """
    url = sqlalchemy.make_url(database.url)
    shown = url.set(query={})  # a password in it is not masked
    password = {"password": database.password} if database.password else {}
    connect_args: dict[str, Any] = CONNECTION | password
    try:
        engine = sqlalchemy.create_engine(
            url, connect_args=connect_args, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            with DatabaseLocks(connection, "").held(STUDY):  # of all studies: tables are created
                storage = _open_storage(database.url, connect_args, shown)
            with contextlib.ExitStack() as closing:
                closing.callback(storage.engine.dispose)
                closing.callback(storage.remove_session)
                yield load_study(storage, name, epochs), DatabaseLocks(connection, name)
    except (UpdateFinishedTrialError, PendingRollbackError) as error:
        raise StudyError(
            f"The database {shown} lost this searcher, whose work another one repeats; "
            "the same command continues the search."
        ) from error
    except (SQLAlchemyError, StorageInternalError) as error:
        raise StudyError(
            f"The database {shown} of the search failed: {_describe(error)}. Look whether it runs, "
            "and at OPTUNA_STORAGE and OPTUNA_PASSWORD_FILE."
        ) from error


def _open_storage(url: str, connect_args: dict[str, Any], shown: sqlalchemy.URL) -> RDBStorage:
    """Open Optuna's storage, and create its tables in an empty database. Raises StudyError."""
    try:
        return RDBStorage(url, {"connect_args": connect_args})
    except RuntimeError as error:  # of the tables' version
        raise StudyError(
            f"The database {shown} has tables of another version of Optuna, or of another program; "
            "name another database in OPTUNA_STORAGE."
        ) from error


def _describe(error: BaseException) -> str:
    """Return the first line of what the database's driver says."""
    cause = error.__cause__ if isinstance(error, StorageInternalError) else error
    return str(getattr(cause, "orig", None) or cause).strip().splitlines()[0].rstrip(".")
