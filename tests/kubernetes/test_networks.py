"""Who reaches whom in the cluster: what NetworkPolicy does not allow is not reached."""

from collections.abc import Iterator

import pytest

from support.stacks.cluster_networks import PORTS, find_reached
from support.stacks.kubernetes import apply, image_of, kubectl, pods, read, wait_for

SCORE = "--filename=deploy/kubernetes/score/network-policies.yaml"
ALLOWED = {
    "api": {"mlflow-server"},
    "mlflow-server": {"postgres", "minio"},
    "trainer": {"api", "mlflow-server"},
    "passwords": {"kubernetes"},
    "bucket": {"minio"},
    "score": {"mlflow-server", "minio"},  # and port 443 of all, which Kubernetes may have
    "searcher": {"api", "mlflow-server", "postgres"},
    "optuna-database": {"postgres"},
    "stranger": {"api", "kubernetes"},  # which no policy of the stack restricts
}
LABELS = {"searcher": {"app": "trainer", "role": "searcher"}}


@pytest.fixture(scope="module", autouse=True)
def policies() -> Iterator[None]:
    """Those of the scoring, beside the stack's."""
    kubectl("apply", SCORE)
    yield
    kubectl("delete", SCORE)


def pod_of(app: str, namespace: str) -> str:
    """Return a running pod that is labelled as one of ``app``, made for this test if need be."""
    if app in PORTS:
        return str(pods(app)[0]["metadata"]["name"])
    name = f"probe-{app}"
    container = {
        "name": name,
        "image": image_of("api"),
        "command": ["sleep", "300"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 0,
    }
    metadata = {"name": name, "labels": LABELS.get(app, {"app": app})}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    apply(pod, namespace=namespace)
    wait_for(lambda: read("pod", name, namespace=namespace)["status"]["phase"] == "Running", 60)
    return name


@pytest.mark.parametrize("app", ALLOWED)
def test_only_what_is_named_is_reached(app: str) -> None:
    namespace = "default" if app == "stranger" else "mnist"
    name = pod_of(app, namespace)
    try:
        reached = find_reached(name, ALLOWED[app], namespace) - {app}
    finally:
        if app not in PORTS:
            kubectl("delete", "pod", name, "--wait=false", namespace=namespace)
    assert reached - ({"kubernetes"} if app == "score" else set()) == ALLOWED[app]
