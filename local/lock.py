"""`make lock`: renews the locks with hashes from what each service and each peer asks for."""

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
    wanted = {path: _wanted(name) for name, path in LOCKS.items()}
    wanted |= {path.with_suffix(".txt"): [_named(path)] for path in peers}
    for path, sources in wanted.items():
        print(f"Locking {_named(path)} ...", flush=True)
        compiled = subprocess.run([UV, *COMPILE, _named(path), *sources], cwd=ROOT, check=False)
        if compiled.returncode != 0:
            return compiled.returncode
    return 0


def _named(path: Path) -> str:
    """Return the path as it may stand in a lock: from the root, without this machine's own."""
    return str(path.relative_to(ROOT))


def _wanted(name: str) -> list[str]:
    """Return what uv is to compile for environment ``name``."""
    service = name.removesuffix("-test")
    asked = _named(LOCKS[service].with_name("pyproject.toml"))
    if name in ("uv", "lint"):
        return ["--group", name]
    if name == service:
        return [asked]
    return [
        "--extra",
        "test",
        asked,
        "--constraint",
        _named(LOCKS[service]),
    ]  # the versions that serve
