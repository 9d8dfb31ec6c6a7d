"""`make lock`: renews the locks with hashes from the dependencies of each service and peer."""

import subprocess
from pathlib import Path

from local.environments import LOCKS, ROOT, UV, make_environment

COMPILE = [
    "pip", "compile", "--quiet", "--upgrade", "--universal", "--generate-hashes", "--no-header",
    "--python-version", "3.11", "--output-file",
]  # fmt: skip


def lock() -> int:
    """Compile every lock for Python 3.11 to 3.13 and all platforms; return uv's exit code."""
    make_environment("uv")
    peers = sorted(ROOT.glob("bench/peers/*/requirements.in"))
    sources = {path: _sources(name) for name, path in LOCKS.items()}
    sources |= {path.with_suffix(".txt"): [_relative(path)] for path in peers}
    for path, arguments in sources.items():
        print(f"Locking {_relative(path)} ...", flush=True)
        compiled = subprocess.run(
            [UV, *COMPILE, _relative(path), *arguments], cwd=ROOT, check=False
        )
        if compiled.returncode != 0:
            return compiled.returncode
    return 0


def _relative(path: Path) -> str:
    """Return the path from the root: uv writes it into the lock, which is for all machines."""
    return str(path.relative_to(ROOT))


def _sources(name: str) -> list[str]:
    """Return uv's arguments that name the dependencies of environment ``name``."""
    if name in ("uv", "lint", "mutants", "audit"):
        return ["--group", name]
    service = name.removesuffix("-test")
    project = _relative(LOCKS[service].with_name("pyproject.toml"))
    if name == service:
        return [project]
    return ["--extra", "test", project, "--constraint", _relative(LOCKS[service])]
