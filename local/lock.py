"""`make lock`: renews the locks with hashes from what each pyproject.toml asks for."""

import subprocess

from local.environments import LOCKS, ROOT, UV, make_environment

COMPILE = [
    "pip", "compile", "--quiet", "--upgrade", "--universal", "--generate-hashes", "--no-header",
    "--python-version", "3.11", "--output-file",
]  # fmt: skip


def lock() -> int:
    """Compile every lock for Python 3.11 to 3.13 and all platforms; return uv's exit code."""
    make_environment("uv")
    for name, path in LOCKS.items():
        service = name.removesuffix("-test")
        if name in ("uv", "lint"):
            wanted = ["--group", name]
        elif name == service:
            wanted = [f"{service}/pyproject.toml"]
        else:  # the tests see the very versions that are served
            wanted = ["--extra", "test", f"{service}/pyproject.toml"]
            wanted += ["--constraint", str(LOCKS[service])]
        print(f"Locking {path.relative_to(ROOT)} ...", flush=True)
        compiled = subprocess.run([UV, *COMPILE, path, *wanted], cwd=ROOT, check=False)
        if compiled.returncode != 0:
            return compiled.returncode
    return 0
