"""Runs the backup of the tracking server, on stores of its own."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.processes import ROOT
from support.servers.tracking import FOLDER, PYTHON, environ

SECRET = "secret-key"  # noqa: S105 # in the tables that fill_stores.py fills
SCRIPTS = ROOT / "tests" / "support" / "servers"


@dataclass(frozen=True)
class Stores:
    """A database and artifacts below a folder, or the database that the settings name."""

    folder: Path
    settings: dict[str, str]

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    @property
    def database(self) -> Path:
        return self.folder / "mlflow.db"

    def start(self, *arguments: str, stdin: Path | None, stdout: int) -> subprocess.Popen[bytes]:
        """Start the program; the caller waits for its end."""
        with Path(stdin or os.devnull).open("rb") as archive:
            return subprocess.Popen(
                [PYTHON, "-m", "backup", *arguments],
                cwd=FOLDER, env=environ(self.folder, **self.settings), stdin=archive,
                stdout=stdout, stderr=subprocess.PIPE,
            )  # fmt: skip

    def create(self, archive: Path) -> tuple[int, str]:
        """Write an archive; return the exit code and what is said."""
        with archive.open("wb") as output:
            process = self.start("create", stdin=None, stdout=output.fileno())
        said = process.communicate()[1].decode()
        return process.returncode, said

    def restore(self, archive: Path, *options: str) -> tuple[int, str]:
        """Restore an archive; return the exit code and what is said."""
        process = self.start("restore", *options, stdin=archive, stdout=subprocess.DEVNULL)
        said = process.communicate()[1].decode()
        return process.returncode, said

    def collect(self) -> str:
        """Run a collection that must fail; return what is said."""
        done = subprocess.run(
            [PYTHON, FOLDER / "collect.py", "--apply"],
            env=environ(self.folder, MODEL_CACHE="/nowhere", **self.settings),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr

    def is_empty(self) -> bool:
        """Whether nothing was stored; MLflow's import makes folders in its home."""
        return not self.database.exists() and not self.artifact_files()

    def artifact_files(self) -> dict[str, bytes]:
        """Return the content of each artifact by its path."""
        files = sorted(path for path in self.artifacts.rglob("*") if path.is_file())
        return {path.relative_to(self.artifacts).as_posix(): path.read_bytes() for path in files}


def stores(folder: Path, **settings: str) -> Stores:
    """Return stores that are empty, unless the settings name a database that is not."""
    folder.mkdir(exist_ok=True)
    return Stores(folder, settings)


def filled_stores(folder: Path) -> Stores:
    """Return stores with all that a stack records."""
    filled = stores(folder)
    run_script("fill_stores.py", f"sqlite:///{filled.database}", str(filled.artifacts))
    return filled


def start_with(code: str, folder: Path) -> dict[str, str]:
    """Return a variable with which Python runs code when it starts."""
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": f"{folder}:{FOLDER}"}


def refusals(folder: Path) -> dict[str, str | None]:
    """Return why each archive of a folder is refused, None for those that are not."""
    found: dict[str, str | None] = json.loads(run_script("verify_archives.py", str(folder)))
    return found


def run_script(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [PYTHON, SCRIPTS / name, *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(FOLDER)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
