"""The passwords of database and S3, in the credential files of libpq and boto3.

Environment variables can be read by inspecting the process or by making it print them; files of
mode 0600 are safe from both.
"""

from collections.abc import Mapping
from pathlib import Path


def write_credentials(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Write both files and return the variables that hold their paths.

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
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)  # an existing file would keep its mode
    aside.touch(mode=0o600)  # libpq ignores a file that others may read
    aside.write_text(content)
    aside.replace(path)  # at once: a backup writes the files that the server reads
    return str(path)
