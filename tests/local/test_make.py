"""The switches of `make`, and what its targets need."""

import fcntl
import os
import subprocess
import sys

import pytest

from support.processes import ENVIRONMENTS, ROOT


@pytest.mark.parametrize("value", ["0", ""])
def test_a_switch_is_on_by_1_alone(value: str):
    for target, switch in (("restore", "REPLACE"), ("gc", "APPLY")):
        command = ["make", "--dry-run", target]
        off = subprocess.check_output([*command, f"{switch}={value}"], cwd=ROOT, text=True)
        assert f"--{switch.lower()}" not in off
        on = subprocess.check_output([*command, f"{switch}=1"], cwd=ROOT, text=True)
        assert f"--{switch.lower()}" in on


def test_the_error_of_test_compose_names_the_missing_engine():
    done = subprocess.run(
        ["make", "--silent", "test-compose"],
        cwd=ROOT,
        env=os.environ | {"DOCKER_HOST": "unix:///nowhere/docker.sock"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == (
        "No container engine answers: start Docker, with Compose, and try again."
    )


def test_an_installed_environment_does_not_wait_for_the_installation_of_another():
    with (ENVIRONMENTS / ".lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "local", "environment", "trainer-test"]
        subprocess.run(command, cwd=ROOT, check=True, timeout=60)
