"""Error messages of `make` if something that a target needs is missing."""

import os
import subprocess

import pytest

from support.processes import ROOT


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
