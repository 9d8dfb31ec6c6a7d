"""Generates the stack's passwords, each in a volume that only the services that need it mount.

There is one for each volume in /run/passwords. It is generated once and kept, until the argument
`--rotate` replaces all. POSTGRES_PASSWORD, MINIO_ROOT_PASSWORD and S3_SECRET_KEY set one instead.
"""

import os
import secrets
import sys
from pathlib import Path

FOLDER = Path("/run/passwords")
SETTINGS = {  # by the volume
    "postgres": "POSTGRES_PASSWORD",
    "minio": "MINIO_ROOT_PASSWORD",
    "s3": "S3_SECRET_KEY",
}
MIN_LENGTH = 8  # MinIO's minimum


class PasswordError(Exception):
    """A password from the settings is invalid; the message says why and what to do."""


def find_volumes() -> list[Path]:
    """Return the folders of FOLDER that are volumes; on some engines only this file tells."""
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return sorted(path for mount in mounts if (path := Path(mount[4])).parent == FOLDER)


def choose_password(name: str, given: str | None, kept: str) -> str:
    """Return the password called ``name``. Raises PasswordError if ``given`` is invalid."""
    if given is None:
        return kept or secrets.token_urlsafe(24)
    if len(given) < MIN_LENGTH or given.split() != [given]:
        raise PasswordError(
            f"{name} needs {MIN_LENGTH} or more characters, none of them a space; "
            "without a line for it in .env, a random one is generated."
        )
    if name == "POSTGRES_PASSWORD" and kept not in ("", given):
        raise PasswordError(
            f"{name} is not the one the database has. Remove it from .env, or call make rotate "
            "while the database runs, which changes it there."
        )
    return given


def keep_password(path: Path, password: str) -> None:
    """Write a password that its owner and group may read, atomically."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(password)
    temporary.chmod(0o440)
    temporary.rename(path)


def main(arguments: list[str]) -> int:
    """Generate or keep the password of each volume and return the exit code."""
    rotates = arguments == ["--rotate"]
    chosen = {}
    for volume in find_volumes():
        path = volume / "password"
        kept = path.read_text() if path.exists() and not rotates else ""
        name = SETTINGS.get(volume.name, "")
        try:
            password = choose_password(name, os.environ.get(name), kept)
        except PasswordError as error:
            print(error, file=sys.stderr)
            return 1
        if password != kept:
            chosen[path] = password
    for path, password in chosen.items():
        keep_password(path, password)
        print(f"The volume of {path.parent.name} has a new password.")
    if chosen:
        os.sync()  # to the disk, before the database is made with them: the machine may go off
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
