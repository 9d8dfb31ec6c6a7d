"""The rows of a table as lines of JSON, the same whichever database they come from."""

import base64
import binascii
import datetime
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import sqlalchemy as sa

from backup import ArchiveError, BackupError
from backup.schema import archived_columns

CHUNK = 4 << 20  # bytes of a member or of rows, after which another one begins
LONGEST_ROW = 64 << 20  # bytes; the largest value that MLflow bounds, a profile, has 16 MB
READ_ROWS, WRITTEN_ROWS = 10, 500  # at once; when they are read, their size is not known yet
INTEGERS = range(-(2**63), 2**63)  # that both databases can store


def dump_rows(connection: sa.Connection, table: sa.Table) -> Iterator[bytes]:
    """Yield all rows, in chunks of whole lines."""
    query = sa.select(*archived_columns(table))
    chunk = bytearray()
    for row in connection.execute(query, execution_options={"yield_per": READ_ROWS}):
        line = json.dumps([_to_json(value) for value in row]).encode() + b"\n"
        if len(line) > LONGEST_ROW:
            key = ", ".join(f"{each.name}={row._mapping[each]}" for each in table.primary_key)
            raise BackupError(
                f"A row of {table.name} has more than {LONGEST_ROW >> 20} MB, which an archive "
                f"cannot hold. Delete it ({key}), and back up again."
            )
        chunk += line
        if len(chunk) > CHUNK:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


def read_rows(content: BinaryIO, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    """Yield lists of the rows of a chunk, by the names of their columns. Raises ArchiveError."""
    columns = archived_columns(table)
    rows, size = [], 0
    while line := content.readline(LONGEST_ROW):
        try:
            values = zip(columns, json.loads(line), strict=True)
            rows.append({column.name: _from_json(column, value) for column, value in values})
        except (ValueError, TypeError, RecursionError, binascii.Error) as error:
            raise ArchiveError(
                f"The archive is damaged: a row of {table.name} is not one: {error}."
            ) from error
        size += len(line)
        if len(rows) == WRITTEN_ROWS or size > CHUNK:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def insert_rows(connection: sa.Connection, table: sa.Table, content: BinaryIO) -> None:
    """Insert the rows of a chunk. Raises BackupError, and SQLAlchemy's errors."""
    for rows in read_rows(content, table):
        if connection.dialect.name == "postgresql":
            _refuse_nul(table, rows)
        connection.execute(sa.insert(table), rows)


def _refuse_nul(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    for name, value in (item for row in rows for item in row.items()):
        if isinstance(value, str) and "\0" in value:
            raise BackupError(
                f"A row of {table.name} has a NUL character in {name}, which Postgres cannot "
                "store. Restore the archive into a local stack, or change that row and back up "
                "again."
            )


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _from_json(column: sa.Column[Any], value: Any) -> Any:
    if value is None or isinstance(column.type, sa.JSON):
        return value
    kind = column.type.python_type
    if kind is datetime.date:
        return datetime.date.fromisoformat(value)
    if kind is bytes:
        return base64.b64decode(value, validate=True)
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{column.name} has half of a character") from error
    if type(value) is int and value not in INTEGERS:
        raise ValueError(f"{column.name} is an integer of more than 64 bits")
    if type(value) is kind or (kind is float and type(value) is int):
        return value
    raise ValueError(f"{column.name} is {type(value).__name__}, not {kind.__name__}")
