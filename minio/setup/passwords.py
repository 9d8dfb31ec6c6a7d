"""Makes the passwords of the stack, each in a volume that only those who need it mount.

A password is made once and kept. POSTGRES_PASSWORD, MINIO_ROOT_PASSWORD and S3_SECRET_KEY give
one instead.
"""

import os
import secrets
import sys
from pathlib import Path

FOLDER = Path("/run/passwords")
PLACES = {"POSTGRES_PASSWORD": "postgres", "MINIO_ROOT_PASSWORD": "minio", "S3_SECRET_KEY": "s3"}
SHORTEST = 8  # MinIO takes nothing shorter


class PasswordError(Exception):
    """A password that was given cannot be used; the message says why and what to do."""


def choose_password(name: str, given: str | None, kept: str) -> str:
    """Return the password called ``name``; raises PasswordError when ``given`` cannot be it."""
    if given is None:
        return kept or secrets.token_urlsafe(24)
    if len(given) < SHORTEST or given.split() != [given]:
        raise PasswordError(
            f"{name} needs {SHORTEST} or more characters, none of them a space; "
            "without a line for it in .env, a random one is made."
        )
    if name == "POSTGRES_PASSWORD" and kept not in ("", given):
        raise PasswordError(
            f"{name} is not the one the database was made with. Take it out of .env again, "
            "or begin anew, with everything lost: docker compose down -v"
        )
    return given


def keep_password(path: Path, password: str) -> None:
    """Write a password for its owner and group to read; an interrupted write leaves the old one."""
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    aside.touch(mode=0o600)
    aside.write_text(password)
    aside.chmod(0o440)
    aside.rename(path)


def main() -> int:
    """Make or keep every password and return the exit code."""
    for name, place in PLACES.items():
        path = FOLDER / place / "password"
        kept = path.read_text() if path.exists() else ""
        try:
            password = choose_password(name, os.environ.get(name), kept)
        except PasswordError as error:
            print(error, file=sys.stderr)
            return 1
        if password != kept:
            keep_password(path, password)
            print(f"{name} is in the volume {place}-password.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
