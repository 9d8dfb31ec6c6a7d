"""Clones of the repository do not share data: local state, and the volumes of Compose."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from support.processes import ROOT
from support.stacks.local import Stack

pytestmark = pytest.mark.slow

DOCKER = """#!/bin/sh
case "$*" in
  "compose config") echo "name: clone" ;;
  "volume ls"*"project=$WITH_VOLUMES") echo a-volume ;;
  "compose up"*) echo up ;;
esac
"""
FORMER = "put COMPOSE_PROJECT_NAME=mnist in .env"


@pytest.mark.parametrize(
    ("with_volumes", "is_told"), [("mnist", True), ("clone", False), ("none", False)]
)
def test_make_up_tells_how_to_keep_the_data_of_the_former_project_name(
    tmp_path: Path, with_volumes: str, is_told: bool
):
    """With a fake `docker` that has volumes of one project."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "WITH_VOLUMES": with_volumes}
    output = subprocess.run(
        ["make", "--silent", "up"],
        cwd=ROOT, env=os.environ | path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert output.splitlines()[-1] == "up"
    assert output.count(FORMER) == is_told
    assert ("first start makes" in output) is (with_volumes != "clone")


def clone(folder: Path, trained_state: Path) -> Path:
    """Copy the repository with the data of ``trained_state`` and this one's environments."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(trained_state, folder / ".local", ignore=shutil.ignore_patterns("running"))
    (folder / ".local" / "environments").symlink_to(ROOT / ".local" / "environments")
    return folder


def test_two_clones_run_side_by_side_on_other_ports(trained_state: Path, tmp_path: Path):
    stacks = [
        Stack(folder / ".local", root=clone(folder, trained_state), LOCAL_STATE="")
        for folder in (tmp_path / "one", tmp_path / "two")
    ]
    for stack in stacks:
        stack.up()
    for stack in stacks:
        stack.wait_for_output("The stack runs:")
        assert f"State    {stack.state} " in stack.read_output()
    for stack in stacks:
        with socket.create_connection(("127.0.0.1", stack.api_port)):
            stack.press_ctrl_c()
            stack.wait()
