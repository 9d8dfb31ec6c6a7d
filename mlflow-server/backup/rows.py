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

CHUNK = 4 << 20  # bytes of a member, after which another one begins
LONGEST_ROW = 256 << 20  # bytes
ROWS_AT_ONCE = 500


def dump_rows(connection: sa.Connection, table: sa.Table) -> Iterator[bytes]:
    """Yield all rows, in chunks of whole lines."""
    query = sa.select(*archived_columns(table))
    chunk = bytearray()
    for row in connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}):
        line = json.dumps([_to_json(value) for value in row]).encode() + b"\n"
        if len(line) > LONGEST_ROW:
            raise BackupError(f"A row of {table.name} has more than {LONGEST_ROW} bytes.")
        chunk += line
        if len(chunk) > CHUNK:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


def read_rows(content: BinaryIO, table: sa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of a chunk, by the names of their columns. Raises ArchiveError."""
    columns = archived_columns(table)
    while line := content.readline(LONGEST_ROW):
        try:
            values = json.loads(line)
            yield {
                column.name: _from_json(column, value)
                for column, value in zip(columns, values, strict=True)
            }
        except (ValueError, TypeError, RecursionError, binascii.Error) as error:
            raise ArchiveError(
                f"The archive is damaged: a row of {table.name} is not one: {error}."
            ) from error


def insert_rows(connection: sa.Connection, table: sa.Table, content: BinaryIO) -> None:
    """Insert the rows of a chunk. Raises ArchiveError, and SQLAlchemy's errors."""
    rows = []
    for row in read_rows(content, table):
        rows.append(row)
        if len(rows) == ROWS_AT_ONCE:
            connection.execute(sa.insert(table), rows)
            rows.clear()
    if rows:
        connection.execute(sa.insert(table), rows)


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
    if type(value) is kind or (kind is float and type(value) is int):
        return value
    raise ValueError(f"{column.name} is {type(value).__name__}, not {kind.__name__}")
