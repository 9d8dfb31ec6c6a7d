"""The manifest: the first member of an archive, which says what its database members mean."""

import json
from typing import Any, BinaryIO

import sqlalchemy as sa

from backup import ArchiveError
from backup.archive import Member
from backup.schema import archived_columns, archived_tables, is_known, read_schema

NAME = "manifest.json"
PREFIX = "artifacts/"  # of the members that are artifacts
FORMAT = 1  # increased when an older version could not restore it
LONGEST = 1 << 20  # bytes


def write_manifest(revision: str) -> bytes:
    """Return the manifest of a database whose schema is that of ``revision``."""
    manifest = {"format": FORMAT, "schema": revision, "tables": _describe_tables(revision)}
    return json.dumps(manifest, indent=1).encode()


def read_manifest(member: Member | None) -> str:
    """Return the revision of the archived schema, which is one that this MLflow knows.

    Raises ArchiveError.
    """
    if member is None or member.name != NAME:
        raise ArchiveError(
            f"This is not an archive of `make backup`: its first file is not {NAME}."
        )
    manifest = _parse(member.content)
    if manifest.get("format") != FORMAT or not is_known(manifest.get("schema")):
        raise ArchiveError(
            f"The archive has the format {manifest.get('format')!r} and the schema "
            f"{manifest.get('schema')!r}, which this version does not know: a newer one made it. "
            "Update the stack, then restore."
        )
    revision = str(manifest["schema"])
    if manifest.get("tables") != _describe_tables(revision):
        raise ArchiveError("The archive is damaged: its tables are not those of its schema.")
    return revision


def find_table(member: Member, tables: dict[str, sa.Table]) -> sa.Table | None:
    """Return the table whose rows a member has, None if it is an artifact. Raises ArchiveError."""
    match member.name.split("/"):
        case ["artifacts", _, *_]:
            return None
        case ["database", name, _] if name in tables:
            return tables[name]
        case _:
            raise ArchiveError(f"The archive is damaged: it has no use for {member.name!r}.")


def _describe_tables(revision: str) -> dict[str, list[str]]:
    tables = archived_tables(read_schema(revision))
    return {table.name: [column.name for column in archived_columns(table)] for table in tables}


def _parse(content: BinaryIO) -> dict[str, Any]:
    try:
        manifest = json.loads(content.read(LONGEST))
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict):
        raise ArchiveError(f"The archive is damaged: {NAME} is not a JSON object.")
    return manifest
