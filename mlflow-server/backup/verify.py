"""Checks that an archive is complete, undamaged, ours, and of a schema that this MLflow knows."""

import json
from typing import BinaryIO

from backup.archive import BLOCK, MANIFEST, Member, read_members
from backup.errors import ArchiveError
from backup.progress import progress
from backup.rows import read_rows
from backup.schema import archived_columns, archived_tables, is_known, read_schema

FORMAT = 1
ARTIFACTS = "artifacts/"
LONGEST_MANIFEST = 1 << 20  # bytes


def verify_archive(archive: BinaryIO) -> tuple[str, int]:
    """Read all of an archive; return its schema's revision and the bytes of its artifacts.

    Raises ArchiveError.
    """
    artifacts = 0
    with progress("Verified") as counter:
        members = read_members(archive)
        revision = _read_manifest(next(members, None))
        tables = {table.name: table for table in archived_tables(read_schema(revision))}
        for member in members:
            if member.name.startswith(ARTIFACTS):
                artifacts += member.size
            else:
                for _ in read_rows(member.content, tables[table_of(member, tables)]):
                    pass
            counter.add(member.size)
    return revision, artifacts


def table_of(member: Member, tables: dict) -> str: ...
