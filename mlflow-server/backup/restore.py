"""Restores an archive: verifies all of it, then replaces database and artifacts."""

from contextlib import suppress
from typing import Any, BinaryIO

import sqlalchemy as sa
from artifact_locations import is_allowed
from signals import block_signals

from backup import ArchiveError, BackupError
from backup.archive import read_members
from backup.artifact_store import open_store
from backup.create import report_left_out
from backup.manifest import find_table, read_manifest
from backup.progress import progress
from backup.restored_artifacts import RestoredArtifacts
from backup.rows import insert_rows, read_rows
from backup.schema import (
    archived_tables,
    drop_schema,
    make_schema,
    read_schema,
    reflect_tables,
    upgrade,
)
from backup.transactions import lock_data, replace_database, reset_sequences

HELD = ("model_versions", "registered_models", "logged_models", "runs", "trace_info")
LOCATIONS = {
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}


def restore_archive(
    database_uri: str, destination: str, archive: BinaryIO, *, replace: bool
) -> None:
    """Verify and restore a seekable archive.

    Raises BackupError, OSError, and the errors of SQLAlchemy and boto3. Until the database has
    changed, an error leaves all as it was.
    """
    artifacts = RestoredArtifacts(open_store(destination))
    with lock_data(database_uri, "restore"):
        revision, size = verify_archive(archive)
        artifacts.require_space(size)
        try:
            with replace_database(database_uri, artifacts.keep) as connection:
                if not replace:
                    _require_empty(connection)
                artifacts.note_folders(connection)
                drop_schema(connection)
                make_schema(connection, revision)
                _restore_members(connection, revision, archive, artifacts)
                upgrade(connection)
                artifacts.note_folders(connection)
                report_left_out(connection)
        except BaseException:
            with block_signals(), suppress(Exception):  # the first error is the one to report
                artifacts.undo()
            raise
        try:
            artifacts.finish(archive, remove_others=replace)
        except Exception as error:
            raise BackupError(
                f"The database is restored, but not all artifacts are ({error}): do it again, with "
                "REPLACE=1."
            ) from error


def verify_archive(archive: BinaryIO) -> tuple[str, int]:
    """Read all of an archive; return the revision of its schema, and the bytes of its artifacts.

    Raises ArchiveError.
    """
    size = 0
    archive.seek(0)
    with progress("Verified") as counter:
        members = read_members(archive, counter.add_bytes)
        revision = read_manifest(next(members, None))
        tables = {table.name: table for table in archived_tables(read_schema(revision))}
        for member in members:
            table = find_table(member, tables)
            if table is None:
                size += member.size
            else:
                for rows in read_rows(member.content, table):
                    _require_allowed_locations(table.name, rows)
            counter.add_file()
    return revision, size


def _require_allowed_locations(table: str, rows: list[dict[str, Any]]) -> None:
    columns = LOCATIONS.get(table, ())
    for location in (row.get(column) or "" for row in rows for column in columns):
        if not is_allowed(location):
            raise ArchiveError(
                f"The archive was made by hand: {table} has the location {location!r}, whose files "
                "everybody could read. Restore one of `make backup`."
            )


def _require_empty(connection: sa.Connection) -> None:
    inspector = sa.inspect(connection)
    tables = [sa.table(name) for name in HELD if inspector.has_table(name)]
    counts = {t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) for t in tables}
    found = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if found:
        raise BackupError(
            f"The stack has data already ({found}): restore into an empty one, or replace all that "
            "it has with REPLACE=1."
        )


def _restore_members(
    connection: sa.Connection, revision: str, archive: BinaryIO, artifacts: RestoredArtifacts
) -> None:
    tables = {table.name: table for table in reflect_tables(connection, revision)}
    for each in reversed(tables.values()):  # the rows that migrations insert
        connection.execute(sa.delete(each))
    archive.seek(0)
    with progress("Restored") as counter:
        members = read_members(archive, counter.add_bytes)
        read_manifest(next(members, None))
        for member in members:
            table = find_table(member, tables)
            if table is None:
                artifacts.add(member)
            else:
                insert_rows(connection, table, member.content)
            counter.add_file()
    reset_sequences(connection, list(tables.values()))
