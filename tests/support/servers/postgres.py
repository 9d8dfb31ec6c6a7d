"""A real Postgres on a free port, for the tests that ask for it."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.processes import free_port, wait_until

FOLDERS = [*map(Path, os.get_exec_path()), *Path("/usr/lib/postgresql").glob("*/bin")]
PASSWORD = r"one of:these\passwords"  # noqa: S105 # of a database that lives for a test


def find_programs() -> Path | None:
    """Return the folder of Postgres' programs, None where it is not installed."""
    found = (folder / "initdb" for folder in FOLDERS if (folder / "initdb").exists())
    return next((path.resolve().parent for path in found), None)


@dataclass(frozen=True)
class Postgres:
    """A running server, whose user mlflow has PASSWORD."""

    programs: Path
    port: int

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement and return its rows, with | between the values."""
        options = ["-XAtqw", "-v", "ON_ERROR_STOP=1", "--host=127.0.0.1", f"--port={self.port}"]
        done = subprocess.run(
            [self.programs / "psql", *options, "--username=mlflow", database, "-c", statement],
            env={"PGPASSWORD": PASSWORD}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def settings(self, database: str, folder: Path, password: str = PASSWORD) -> dict[str, str]:
        """Return the variables of a tracking server on a database, with passwords in files."""
        folder.mkdir(exist_ok=True)
        (folder / "password").write_text(password)
        return {
            "BACKEND_STORE_URI": f"postgresql+psycopg2://mlflow@127.0.0.1:{self.port}/{database}",
            "CREDENTIALS_FOLDER": str(folder),
            "POSTGRES_PASSWORD_FILE": str(folder / "password"),
            "S3_ACCESS_KEY": "mlflow",
            "S3_SECRET_KEY_FILE": str(folder / "password"),
        }


@contextlib.contextmanager
def postgres(programs: Path, auth: str = "scram-sha-256") -> Iterator[Postgres]:
    """Run a server for the `with` block; `auth` is the method by which accounts are known."""
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to be root
    server = Postgres(programs, free_port())
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "password").write_text(PASSWORD)
        if user:
            shutil.chown(home, user)
            shutil.chown(home / "password", user)
        options = ["--username=mlflow", f"--auth={auth}", "--encoding=UTF8", "--no-sync"]
        command = [programs / "initdb", "-D", home / "data", *options]
        command.append(f"--pwfile={home / 'password'}")
        subprocess.run(command, user=user, cwd=home, check=True, capture_output=True)
        settings = ["-F", "-k", str(home), "-p", str(server.port)]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", home / "data", *settings],
                user=user, cwd=home, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            is_ready = [programs / "pg_isready", "--quiet", "--host=127.0.0.1"]
            is_ready.append(f"--port={server.port}")
            wait_until(lambda: subprocess.run(is_ready, check=False).returncode == 0)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # fast: it waits for no client
            process.wait(20)


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server without passwords and yield its address, which a database's name is to follow.

    Skips the test where Postgres is not installed.
    """
    programs = find_programs()
    if programs is None:
        pytest.skip("no Postgres on this machine: install the package postgresql")
    with postgres(programs, auth="trust") as server:
        yield f"postgresql+psycopg2://mlflow@127.0.0.1:{server.port}/"
