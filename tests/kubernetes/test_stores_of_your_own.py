"""The overlay `external`: a Postgres and an S3 that are there already, here those of the stack."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.processes import ROOT
from support.stacks.cluster_commands import find_kubernetes_commands, run_command
from support.stacks.cluster_networks import find_reached
from support.stacks.kubernetes import apply, forwarded, kubectl, read

NAMESPACE = "mnist-external"
OVERLAY = Path(__file__).with_name("external")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[None]:
    """Let the other namespace reach the stores, and make it and its Secrets as documented."""
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait")
    apply(allow_clients())
    for name in ("postgres-password", "s3-password"):
        data = read("secret", name)["data"]["password"]
        (tmp_path / name).write_bytes(base64.b64decode(data))
    for command in find_kubernetes_commands("stores"):
        own = command.replace("namespace=mnist", f"namespace={NAMESPACE}")
        run_command(own.replace("namespace mnist", f"namespace {NAMESPACE}"), tmp_path)
    yield
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    kubectl("delete", "networkpolicy", NAMESPACE)


def allow_clients() -> dict[str, object]:
    peer = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
        "podSelector": {"matchLabels": {"app": "mlflow-server"}},
    }
    stores = [{"key": "app", "operator": "In", "values": ["postgres", "minio"]}]
    spec = {
        "podSelector": {"matchExpressions": stores},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [peer], "ports": [{"port": 5432}, {"port": 9000}]}],
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": NAMESPACE},
        "spec": spec,
    }


@pytest.mark.usefixtures("stores")
def test_stores_of_ones_own_lead_to_a_prediction() -> None:
    kubectl("apply", "--kustomize", str(OVERLAY), namespace=NAMESPACE)
    kubectl("rollout", "status", "deployment/api", "--timeout=300s", namespace=NAMESPACE)
    body = json.loads((ROOT / "api" / "samples" / "seven.json").read_bytes())
    with forwarded("service/api", 8000, NAMESPACE) as api:
        assert httpx.post(f"{api}/predict", json=body).json()["prediction"] == 7
    found = read("pods", namespace=NAMESPACE)["items"]
    names = {pod["metadata"]["labels"]["app"]: pod["metadata"]["name"] for pod in found}
    assert {"api", "mlflow-server"} <= {*names} <= {"api", "mlflow-server", "trainer"}
    stores = {"postgres", "minio"}
    reached = find_reached(names["mlflow-server"], stores, NAMESPACE)
    assert reached - {"kubernetes"} == stores, "not the other stack's API; all have port 443"
    assert find_reached(names["api"], set(), NAMESPACE) == set()
