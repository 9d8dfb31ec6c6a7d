"""`python -m backup create > ARCHIVE`, and `python -m backup restore [--replace] < ARCHIVE`.

With the settings of the tracking server: see start.py.
"""

# mypy: disable-error-code="import-untyped"
# boto3 has no type hints.

import argparse
import errno
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import sqlalchemy.exc
from botocore.exceptions import BotoCoreError, ClientError
from credentials import write_credentials
from proxies import except_neighbours
from signals import exit_on_signals

from backup import BackupError
from backup.create import create_archive
from backup.restore import restore_archive

FAILURES = (
    BackupError,
    OSError,
    sqlite3.Error,
    sqlalchemy.exc.SQLAlchemyError,
    BotoCoreError,
    ClientError,
)


def main() -> int:
    """Run the command that the arguments name; return the exit code."""
    arguments = _build_parser().parse_args()
    exit_on_signals()
    os.environ.update(except_neighbours(os.environ, os.environ.get("MLFLOW_S3_ENDPOINT_URL", "")))
    if folder := os.environ.get("CREDENTIALS_FOLDER"):
        os.environ.update(write_credentials(Path(folder), os.environ))
    stack = os.environ["BACKEND_STORE_URI"], os.environ["ARTIFACTS_DESTINATION"]
    try:
        if arguments.command == "create":
            create_archive(*stack, sys.stdout.buffer)
        else:
            with _seekable(sys.stdin.buffer) as archive:
                restore_archive(*stack, archive, replace=arguments.replace)
    except FAILURES as error:
        print(_explain(error), file=sys.stderr)
        return 1
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("create", help="write an archive to standard output")
    restore = commands.add_parser("restore", help="restore an archive from standard input")
    restore.add_argument("--replace", action="store_true", help="replace the data of the stack")
    return parser


@contextmanager
def _seekable(archive: BinaryIO) -> Iterator[BinaryIO]:
    """Give the archive or, as it is read more than once, a copy of what comes by a pipe."""
    if archive.seekable():
        yield archive
    else:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(archive, copy)
            yield copy


def _explain(error: Exception) -> str:
    match error:
        case BackupError():
            return str(error)
        case sqlalchemy.exc.DBAPIError():
            return f"The database fails: {_first_line(error.orig)}."
        case sqlalchemy.exc.SQLAlchemyError() | sqlite3.Error():
            return f"The database fails: {_first_line(error)}."
        case OSError(errno=errno.ENOSPC):
            return "The disk is full. Free some space and try again."
        case OSError():
            return f"A file cannot be read or written: {error}."
        case _:
            return f"The artifact store fails: {_first_line(error)}."


def _first_line(error: object) -> str:
    return str(error).partition("\n")[0].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
