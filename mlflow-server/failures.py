"""What can fail in a backup, a restore or a collection, as one sentence for the user."""

# mypy: disable-error-code="import-untyped"
# boto3 has no type hints.

import errno
import sqlite3

import sqlalchemy.exc
from botocore.exceptions import BotoCoreError, ClientError
from credentials import CredentialsError
from mlflow.exceptions import MlflowException

from backup import BackupError

FAILURES = (
    BackupError,
    CredentialsError,
    OSError,
    sqlite3.Error,
    sqlalchemy.exc.SQLAlchemyError,
    BotoCoreError,
    ClientError,
    MlflowException,
)


def explain(error: Exception) -> str:
    """Return what one of FAILURES means."""
    match error:
        case BackupError() | CredentialsError():
            return str(error)
        case sqlalchemy.exc.SQLAlchemyError() | sqlite3.Error():
            return f"The database fails: {_first_line(getattr(error, 'orig', error))}."
        case OSError(errno=errno.ENOSPC):
            return "The disk is full. Free some space and try again."
        case OSError():
            return f"A file cannot be read or written: {error}."
        case MlflowException():
            return f"MLflow fails: {_first_line(error)}."
        case _:
            return f"The artifact store fails: {_first_line(error)}."


def _first_line(error: object) -> str:
    return str(error).partition("\n")[0].rstrip(".")
