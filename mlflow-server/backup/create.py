"""Writes an archive of the database as it is at one moment, and of the artifacts that it names."""

import io
import sys
from collections.abc import Iterator
from typing import BinaryIO

import sqlalchemy as sa
from artifact_locations import find_folder

from backup import BackupError
from backup.archive import ArchiveWriter, is_path
from backup.artifact_store import ArtifactStore, open_store
from backup.manifest import NAME, PREFIX, write_manifest
from backup.progress import progress
from backup.rows import dump_rows
from backup.schema import is_known, read_revision, reflect_tables
from backup.transactions import lock_data, read_snapshot


def create_archive(database_uri: str, destination: str, output: BinaryIO) -> None:
    """Write an archive. Raises BackupError, OSError, and the errors of SQLAlchemy and boto3."""
    store = open_store(destination)
    archive = ArchiveWriter(output)
    with lock_data(database_uri, "backup"):
        with read_snapshot(database_uri) as connection:
            _add_database(archive, connection)
            folders = read_artifact_folders(connection)
            report_left_out(connection)
            versions = _count_stored_versions(connection)
        if not _add_artifacts(archive, store, folders) and versions:
            raise BackupError(
                f"There is no artifact in {destination}, but the database has {versions} versions "
                "with files there: bring them back, or delete the versions, and back up again."
            )
    archive.close()


def read_artifact_folders(connection: sa.Connection) -> list[str]:
    """Return the folders of the experiments in the store that the server proxies.

    They have the artifacts of runs, logged models and traces. None is in another one.
    """
    found: list[str] = []
    named = {find_folder(location) for location in _read_locations(connection)}
    for folder in sorted(folder for folder in named if folder is not None):
        if not any(_is_below(folder, parent) for parent in found):
            found.append(folder)
    return found


def report_left_out(connection: sa.Connection) -> None:
    """Print the locations of experiments that are not in that store."""
    for location in sorted(_read_locations(connection)):
        if find_folder(location) is None:
            print(f"Left out: the artifacts in {location!r}.", file=sys.stderr)


def _is_below(folder: str, parent: str) -> bool:
    return not parent or f"{folder}/".startswith(f"{parent}/")


def _read_locations(connection: sa.Connection) -> set[str]:
    query = sa.text("SELECT artifact_location FROM experiments")
    return set(filter(None, connection.scalars(query)))


def _add_database(archive: ArchiveWriter, connection: sa.Connection) -> None:
    revision = _require_revision(connection)
    manifest = write_manifest(revision)
    archive.add(NAME, io.BytesIO(manifest), len(manifest))
    with progress("Database") as counter:
        for table in reflect_tables(connection, revision):
            for number, chunk in enumerate(dump_rows(connection, table), 1):
                name = f"database/{table.name}/{number:06}.jsonl"
                archive.add(name, io.BytesIO(chunk), len(chunk), counter.add_bytes)
                counter.add_file()


def _add_artifacts(archive: ArchiveWriter, store: ArtifactStore, folders: list[str]) -> bool:
    """Add all artifacts and return whether there were any."""
    is_any = False
    with progress("Artifacts") as counter:
        for path in _list(store, folders):
            found = store.open(path)
            if found is None:
                raise BackupError(f"The artifact {path} was deleted meanwhile; please try again.")
            content, size = found
            with content:
                archive.add(PREFIX + path, content, size, counter.add_bytes)
            counter.add_file()
            is_any = True
    return is_any


def _count_stored_versions(connection: sa.Connection) -> int:
    """Count the versions whose files are in the artifact store; old schemas do not say where."""
    table = sa.Table("model_versions", sa.MetaData(), autoload_with=connection)
    if "storage_location" not in table.c:
        return 0
    is_stored = table.c.storage_location.startswith("mlflow-artifacts:")
    is_kept = sa.func.coalesce(table.c.current_stage, "") != "Deleted_Internal"
    count = sa.select(sa.func.count()).select_from(table).where(is_stored, is_kept)
    return connection.scalar(count) or 0


def _require_revision(connection: sa.Connection) -> str:
    revision = read_revision(connection)
    if revision is None:
        raise BackupError("There is nothing to back up: the database has no tables yet.")
    if not is_known(revision):
        raise BackupError(
            f"The database has the schema {revision}, which this MLflow does not know: a newer one "
            "made it. Use that version's backup."
        )
    return revision


def _list(store: ArtifactStore, folders: list[str]) -> Iterator[str]:
    for folder in folders:
        for path in store.list(folder):
            if is_path(path):
                yield path
            else:
                print(f"Left out: {path!r}, which is no name of an artifact.", file=sys.stderr)
