"""The passwords of database and S3, as the files that libpq and boto3 read by themselves.

A process's variables are open to whoever may inspect it or make it print them; a file of mode 0600
is not.
"""

from collections.abc import Mapping
from pathlib import Path


def write_credentials(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Write both files and return the variables that say where they are.

    Reads POSTGRES_PASSWORD_FILE, S3_ACCESS_KEY and S3_SECRET_KEY_FILE.
    """
    database = Path(environ["POSTGRES_PASSWORD_FILE"]).read_text()
    escaped = database.replace("\\", r"\\").replace(":", r"\:")
    secret = Path(environ["S3_SECRET_KEY_FILE"]).read_text()
    account = ["[default]", f"aws_access_key_id = {environ['S3_ACCESS_KEY']}"]
    return {
        "PGPASSFILE": _write(folder / "pgpass", f"*:*:*:*:{escaped}\n"),
        "AWS_SHARED_CREDENTIALS_FILE": _write(
            folder / "aws-credentials", "\n".join([*account, f"aws_secret_access_key = {secret}\n"])
        ),
    }


def _write(path: Path, content: str) -> str:
    path.unlink(missing_ok=True)  # a file that is there keeps its mode
    path.touch(mode=0o600)  # libpq takes no file that others may read
    path.write_text(content)
    return str(path)
