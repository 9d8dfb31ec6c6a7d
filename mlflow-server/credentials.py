"""The settings with which database and artifact store are reached, the passwords included.

Environment variables can be read by inspecting the process or by making it print them; the
passwords are in the credential files of libpq and boto3, which with mode 0600 are safe from both.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from proxies import except_neighbours


class CredentialsError(Exception):
    """A password cannot be read; the message says which one and what to do."""


def connection_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that MLflow, libpq and boto3 need besides those of ``environ``.

    Writes the credential files if there is a CREDENTIALS_FOLDER. Raises CredentialsError.
    """
    settings = except_neighbours(environ, environ.get("MLFLOW_S3_ENDPOINT_URL", ""))
    if folder := environ.get("CREDENTIALS_FOLDER"):
        settings |= write_credentials(Path(folder), environ)
    return settings


def write_credentials(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Write both files and return the variables that hold their paths.

    Reads POSTGRES_PASSWORD_FILE, S3_ACCESS_KEY and S3_SECRET_KEY_FILE. Raises CredentialsError.
    """
    database = _read(environ["POSTGRES_PASSWORD_FILE"])
    escaped = database.replace("\\", r"\\").replace(":", r"\:")
    secret = _read(environ["S3_SECRET_KEY_FILE"])
    account = ["[default]", f"aws_access_key_id = {environ['S3_ACCESS_KEY']}"]
    return {
        "PGPASSFILE": _write(folder / "pgpass", f"*:*:*:*:{escaped}\n"),
        "AWS_SHARED_CREDENTIALS_FILE": _write(
            folder / "aws-credentials", "\n".join([*account, f"aws_secret_access_key = {secret}\n"])
        ),
    }


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise CredentialsError(
            f"The password file {path} cannot be read ({error.strerror}): start the whole stack, "
            "which makes it."
        ) from error


def _write(path: Path, content: str) -> str:
    descriptor, aside = tempfile.mkstemp(dir=path.parent)  # of mode 0600, which libpq demands
    with open(descriptor, "w") as file:
        file.write(content)
    Path(aside).replace(path)  # at once: a backup writes the files that the server reads
    return str(path)
