"""The peers' Python environments, each installed from its lock with hashes."""

from pathlib import Path

from local import environments

PEERS = Path(__file__).resolve().parent / "peers"


def make(name: str) -> None:
    """Make environment ``name``: `bench-` and a folder of peers/, or one of the stack's own.

    Raises EnvironmentFailedError.
    """
    if name.startswith("bench-"):
        lock = PEERS / name.removeprefix("bench-") / "requirements.txt"
        environments.LOCKS.setdefault(name, lock)
    environments.make_environment(name)


def bin_of(name: str) -> Path:
    """Return the folder of an environment's executables."""
    return environments.python_of(name).parent


def megabytes_of(name: str) -> float:
    """Return the size of an environment in MB, without bytecode, which is written later."""
    folder = environments.ENVIRONMENTS / name
    files = (path for path in folder.rglob("*") if path.suffix != ".pyc" and not path.is_symlink())
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def version_of(name: str, distribution: str) -> str:
    """Return the installed version of ``distribution``."""
    normal = distribution.replace("-", "_")
    pattern = f"lib/python*/site-packages/{normal}-*.dist-info"
    found = list((environments.ENVIRONMENTS / name).glob(pattern))
    return found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else "unknown"
