"""The cluster of KUBE_CONTEXT, which must be named on purpose, with the stack applied to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stacks.kubernetes import CONTEXT, NAMESPACE, kubectl, read, wait_ready

OVERLAY = Path(__file__).with_name("overlay")
OWN = "purpose=test"  # the label of the namespace that these tests make, and may remove
READY_SECONDS = 600


@pytest.fixture(scope="session", autouse=True)
def stack() -> Iterator[None]:
    """The overlay `all-in-one`, from nothing to ready replicas; removed at the end."""
    if not CONTEXT:
        pytest.exit("Name the cluster's context on purpose: KUBE_CONTEXT=...", 2)
    remove(wait=True)
    names = [each["metadata"]["name"] for each in read("namespaces")["items"]]
    if NAMESPACE in names:
        pytest.exit(f"The cluster has a stack in {NAMESPACE}, which the tests would remove.", 2)
    kubectl("apply", "--kustomize", str(OVERLAY))
    wait_ready("api", 2, READY_SECONDS)
    yield
    remove(wait=False)


def remove(wait: bool) -> None:
    """Remove what these tests have made."""
    waiting = f"--wait={str(wait).lower()}"
    kubectl("delete", "namespace", f"--selector={OWN}", waiting)
    pods = ("pod/breaker", "pod/prometheus")
    kubectl("delete", *pods, "--ignore-not-found", waiting, namespace="default")
