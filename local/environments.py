"""The Python environments of the services, each installed from its own lock with hashes."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".local" / "environments"
LOCKS = {
    "uv": ROOT / "local" / "requirements-uv.txt",
    "mlflow-server": ROOT / "mlflow-server" / "requirements.txt",
    "trainer": ROOT / "trainer" / "requirements.txt",
    "trainer-test": ROOT / "trainer" / "requirements-test.txt",
    "api": ROOT / "api" / "requirements.txt",
    "api-test": ROOT / "api" / "requirements-test.txt",
    "score": ROOT / "score" / "requirements.txt",
    "score-test": ROOT / "score" / "requirements-test.txt",
    "minio-setup": ROOT / "minio" / "setup" / "requirements.txt",
    "lint": ROOT / "local" / "requirements-lint.txt",
    "mutants": ROOT / "local" / "requirements-mutants.txt",
    "audit": ROOT / "local" / "requirements-audit.txt",
}
UV = ENVIRONMENTS / "uv" / "bin" / "uv"


class EnvironmentFailedError(Exception):
    """An environment could not be installed; the message names it and the cause."""


def python_of(name: str) -> Path:
    """Return the interpreter of environment ``name``, whether or not it is installed."""
    return ENVIRONMENTS / name / "bin" / "python"


def make_environment(name: str) -> Path:
    """Install environment ``name`` unless it matches its lock already; return its interpreter.

    Raises EnvironmentFailedError when a command of the installation fails.
    """
    if matches_lock(name):  # without waiting for the installation of another one
        return python_of(name)
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENTS / ".lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)  # another `make` may run at the same time
        for needed in ("uv", name):
            if not matches_lock(needed):
                _install(needed)
    return python_of(name)


def matches_lock(name: str) -> bool:
    """Return whether environment ``name`` is complete and installed from its current lock."""
    stamp = ENVIRONMENTS / name / ".digest"
    return stamp.exists() and stamp.read_text() == _digest(name)


def _digest(name: str) -> str:
    return hashlib.sha256(LOCKS[name].read_bytes() + sys.version.encode()).hexdigest()


def _install(name: str) -> None:
    print(f"Making the environment of {name} ...", flush=True)
    folder = ENVIRONMENTS / name
    shutil.rmtree(folder, ignore_errors=True)
    if name == "uv":
        _run(name, [sys.executable, "-m", "venv", folder])
        installer: list[str | Path] = [python_of(name), "-m", "pip", "install"]
    else:
        _run(name, [UV, "venv", "--quiet", "--python", sys.executable, folder])
        installer = [UV, "pip", "install", "--python", python_of(name)]
    _run(name, [*installer, "--quiet", "--require-hashes", "--requirement", LOCKS[name]])
    (folder / ".digest").write_text(_digest(name))  # last: an interrupted installation is repeated


def _run(name: str, command: list[str | Path]) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        output = (finished.stderr or finished.stdout).strip()
        raise EnvironmentFailedError(f"The environment of {name} could not be made:\n{output}")
