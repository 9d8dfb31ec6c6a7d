"""The schema of MLflow's database at each of its revisions, as MLflow's own migrations make it."""

import functools
from importlib import resources

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from mlflow.store import db_migrations
from mlflow.store.tracking.dbmodels.initial_models import Base
from sqlalchemy.pool import StaticPool

from backup import BackupError

REVISIONS = "alembic_version"
# They have keys and passwords, or what runs now; the server closes what would use them.
OMITTED = {"secrets", "webhooks", "jobs", "job_locks", "scheduler_leases", REVISIONS}


def read_revision(connection: sa.Connection) -> str | None:
    """Return the revision of the schema in a database, None if it has none."""
    if not sa.inspect(connection).has_table(REVISIONS):
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def is_known(revision: object) -> bool:
    """Return whether this MLflow can make the schema of ``revision``."""
    return revision in [script.revision for script in _scripts().walk_revisions()]


def require_newest(connection: sa.Connection) -> None:
    """Raise BackupError unless the schema of a database is the one of this MLflow."""
    if read_revision(connection) != _scripts().get_current_head():
        raise BackupError("The database does not have this MLflow's schema. Start the stack first.")


def make_schema(connection: sa.Connection, revision: str) -> None:
    """Make the tables of ``revision`` in the transaction of ``connection``."""
    Base.metadata.create_all(connection)
    upgrade(connection, revision)


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Run the migrations up to ``revision``, in the transaction of ``connection``.

    MLflow's own command connects anew for them, and commits.
    """
    scripts = _scripts()
    context = EnvironmentContext(
        Config(),
        scripts,
        fn=lambda present, _: scripts._upgrade_revs(revision, present),
        destination_rev=revision,
    )
    with context:
        context.configure(connection=connection, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


def drop_schema(connection: sa.Connection) -> None:
    """Drop MLflow's tables, and no others. Raises BackupError if they are a newer MLflow's."""
    revision = read_revision(connection)
    if revision is None:
        return
    if not is_known(revision):
        raise BackupError(
            f"The database has the schema {revision}, of a newer MLflow than this one: restore "
            "with that version, or into an empty stack."
        )
    present = sa.inspect(connection).get_table_names()
    metadata = sa.MetaData()
    metadata.reflect(
        connection, only=[name for name in read_schema(revision).tables if name in present]
    )
    metadata.drop_all(connection)


@functools.cache
def read_schema(revision: str) -> sa.MetaData:
    """Return the tables of ``revision``, as in SQLite."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    metadata = sa.MetaData()
    with engine.begin() as connection:
        make_schema(connection, revision)
        metadata.reflect(connection)
    return metadata


def reflect_tables(connection: sa.Connection, revision: str) -> list[sa.Table]:
    """Return the archived tables of a database whose schema is that of ``revision``."""
    names = [table.name for table in archived_tables(read_schema(revision))]
    metadata = sa.MetaData()
    metadata.reflect(connection, only=names)
    tables = [metadata.tables[name] for name in names]
    for column in (column for table in tables for column in table.columns):
        if isinstance(column.type, sa.JSON):
            column.type.none_as_null = True  # a missing value, not JSON's null
    return tables


def archived_tables(metadata: sa.MetaData) -> list[sa.Table]:
    """Return the tables that an archive has, each after those that its rows refer to."""
    omitted = set(OMITTED)
    for table in metadata.sorted_tables:
        if any(key.column.table.name in omitted for key in table.foreign_keys):
            omitted.add(table.name)
    return [table for table in metadata.sorted_tables if table.name not in omitted]


def archived_columns(table: sa.Table) -> list[sa.Column[object]]:
    """Return the columns that an archive has, by name: not those that the database computes."""
    stored = [column for column in table.columns if column.computed is None]
    return sorted(stored, key=lambda column: column.name)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(resources.files(db_migrations)))
