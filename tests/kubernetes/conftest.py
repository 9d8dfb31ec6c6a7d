"""The cluster of KUBE_CONTEXT, which must be named on purpose, with the stack applied to it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import ROOT
from support.stacks import kubernetes
from support.stacks.kubernetes import NAMESPACE, kubectl, wait_ready

OVERLAY = Path(__file__).with_name("overlay")
READY_SECONDS = 600


@pytest.fixture(scope="session", autouse=True)
def stack() -> Iterator[None]:
    """The overlay `all-in-one`, from nothing to ready replicas; removed at the end."""
    remove()
    kubectl("apply", "--kustomize", str(OVERLAY))
    wait_ready("api", 2, READY_SECONDS)
    yield
    remove()


def remove() -> None:
    """Remove the namespace and all that is in it."""
    command = ["kubectl", f"--context={kubernetes.CONTEXT}", "delete", "namespace", NAMESPACE]
    subprocess.run([*command, "--ignore-not-found", "--wait"], cwd=ROOT, check=True, timeout=300)
