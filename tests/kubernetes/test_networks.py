"""Who reaches whom in the cluster: what NetworkPolicy does not allow is not reached."""

import json

import pytest

from support.stacks.kubernetes import apply, image_of, kubectl, pods, read, wait_for

PORTS = {"api": 8000, "mlflow-server": 5000, "postgres": 5432, "minio": 9000}
ALLOWED = {
    "api": {"mlflow-server"},
    "mlflow-server": {"postgres", "minio"},
    "trainer": {"api", "mlflow-server"},
    "passwords": {"kubernetes"},
    "stranger": {"api", "kubernetes"},  # which no policy of the stack restricts
}
# A pod is isolated before it starts; what it is allowed may be refused for a while after that.
CONNECT = """
import json, socket, sys, time
targets, allowed = map(json.loads, sys.argv[1:])
def connects(name, address, port):
    try:
        socket.create_connection((address, port), 3).close()
    except OSError:
        return False
    return True
end = time.monotonic() + 20
while not all(connects(*each) for each in targets if each[0] in allowed) and time.monotonic() < end:
    time.sleep(0.5)
print(json.dumps([each[0] for each in targets if connects(*each)]))
"""


def find_targets() -> list[tuple[str, str, int]]:
    """Return each service's name, a pod's address and its port, and those of Kubernetes itself."""
    found = [(name, pods(name)[0]["status"]["podIP"], port) for name, port in PORTS.items()]
    kubernetes = read("service", "kubernetes", namespace="default")["spec"]
    return [*found, ("kubernetes", kubernetes["clusterIP"], kubernetes["ports"][0]["port"])]


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
    metadata = {"name": name, "labels": {"app": app}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    apply(pod, namespace=namespace)
    wait_for(lambda: read("pod", name, namespace=namespace)["status"]["phase"] == "Running", 60)
    return name


@pytest.mark.parametrize("app", ALLOWED)
def test_only_what_is_named_is_reached(app: str) -> None:
    namespace = "default" if app == "stranger" else "mnist"
    name = pod_of(app, namespace)
    lists = json.dumps(find_targets()), json.dumps([*ALLOWED[app]])
    try:
        output = kubectl("exec", name, "--", "python3", "-c", CONNECT, *lists, namespace=namespace)
    finally:
        if app not in PORTS:
            kubectl("delete", "pod", name, "--wait=false", namespace=namespace)
    reached = set(json.loads(output)) - {app}
    assert reached == ALLOWED[app]
