"""A clone made under umask 077, where only its owner may read: the containers have other users."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import ROOT
from support.stacks.compose import Stack, docker, environ

PROGRAM = """#!/bin/sh
case "$*" in "compose up"*) exit ;; esac
exec {docker} "$@"
"""
OVERLAYS = ("compose.yaml", "compose/monitoring.yaml", "compose/proxy.yaml", "compose/search.yaml")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files under version control; locks keep their mode, or packages were installed again."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if not name.startswith(("tests/", "trainer/")) or name == "tests/suites.mk":
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    for path in tmp_path.rglob("*"):
        if not path.name.startswith("requirements"):
            path.chmod(path.stat().st_mode & 0o700)
    return tmp_path


@pytest.fixture
def cloned(built: Stack, clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of the clone, with its image of the passwords."""
    stack = Stack("mnist-compose-test-umask", tmp_path_factory.mktemp("umask"))
    stack.root = clone
    stack.behind_proxy = False
    stack.do("build", "passwords")
    yield stack
    stack.remove()
    docker("rmi", "--no-prune", f"{stack.project}-setup")


def make_up(clone: Path, folder: Path) -> None:
    """Run `make up` with a Docker that starts nothing."""
    program = folder / "docker"
    program.write_text(PROGRAM.format(docker=shutil.which("docker")))
    program.chmod(0o700)
    variables = environ() | {"PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["make", "--silent", "up"], cwd=clone, env=variables, check=True)


def is_readable(path: Path) -> bool:
    needed = 0o555 if path.is_dir() else 0o444
    return path.stat().st_mode & needed == needed


def test_the_containers_of_a_clone_under_umask_077_read_our_files_after_make_up(
    cloned: Stack, tmp_path_factory: pytest.TempPathFactory
):
    cloned.do("run", "--rm", "-T", "passwords")
    check = ("run", "--rm", "-T", "--no-deps", "database-check")
    refused = cloned.run(*check)
    assert refused.returncode != 0
    assert "/check.sh: Permission denied" in refused.stdout
    make_up(cloned.root, tmp_path_factory.mktemp("programs"))
    cloned.do(*check)
    files = cloned.do("--profile=*", "config", "--format=json", COMPOSE_FILE=":".join(OVERLAYS))
    mounts = [m for each in json.loads(files)["services"].values() for m in each.get("volumes", [])]
    mounted = [Path(mount["source"]) for mount in mounts if mount["type"] == "bind"]
    assert len(mounted) >= 10
    paths = [path for top in mounted for path in (top, *top.rglob("*"))]
    assert [path for path in paths if not is_readable(path)] == []
