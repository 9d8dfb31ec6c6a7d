"""Error messages of `make` if something that a target needs is missing."""

import os
import subprocess

from support.processes import ROOT


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
