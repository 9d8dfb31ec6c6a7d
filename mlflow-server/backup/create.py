"""Writes an archive of the database as it is at one moment, and of the artifacts that it names."""

import io
import sys
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import urlsplit

import sqlalchemy as sa

from backup.archive import ArchiveWriter, is_path
from backup.artifact_store import ArtifactStore, open_store
from backup.database import read_snapshot
from backup.errors import BackupError
from backup.manifest import NAME, PREFIX, write_manifest
from backup.progress import progress
from backup.rows import dump_rows
from backup.schema import is_known, read_revision, reflect_tables


def create_archive(database_uri: str, destination: str, output: BinaryIO) -> None:
    """Write an archive. Raises BackupError, OSError, and the errors of SQLAlchemy and boto3."""
    store = open_store(destination)
    archive = ArchiveWriter(output)
    with read_snapshot(database_uri) as connection:
        _add_database(archive, connection)
        folders = read_artifact_folders(connection)
    with progress("Artifacts") as counter:
        for path in _list(store, folders):
            found = store.open(path)
            if found is None:
                raise BackupError(f"The artifact {path} was deleted meanwhile; please try again.")
            content, size = found
            with content:
                archive.add(PREFIX + path, content, size)
            counter.add(size)
    archive.close()


def read_artifact_folders(connection: sa.Connection) -> list[str]:
    """Return the folders of the experiments in the store that the server proxies.

    They have the artifacts of runs, logged models and traces. None is in another one.
    """
    query = sa.text("SELECT artifact_location FROM experiments")
    locations = [urlsplit(location or "") for location in connection.scalars(query)]
    elsewhere = {url.geturl() for url in locations if url.scheme != "mlflow-artifacts"}
    for location in sorted(elsewhere):
        print(f"Left out: the artifacts in {location}, which are elsewhere.", file=sys.stderr)
    found: list[str] = []
    for folder in sorted(url.path.strip("/") for url in locations if url.geturl() not in elsewhere):
        if not any(f"{folder}/".startswith(f"{parent}/".lstrip("/")) for parent in found):
            found.append(folder)
    return found


def _add_database(archive: ArchiveWriter, connection: sa.Connection) -> None:
    revision = _require_revision(connection)
    manifest = write_manifest(revision)
    archive.add(NAME, io.BytesIO(manifest), len(manifest))
    with progress("Database") as counter:
        for table in reflect_tables(connection, revision):
            for number, chunk in enumerate(dump_rows(connection, table), 1):
                name = f"database/{table.name}/{number:06}.jsonl"
                archive.add(name, io.BytesIO(chunk), len(chunk))
                counter.add(len(chunk))


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
