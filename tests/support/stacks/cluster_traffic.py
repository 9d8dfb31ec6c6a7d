"""Traffic in the cluster, from a pod, while a test changes something, and what of it failed."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.stacks.kubernetes import apply, kubectl, read, wait_for

SCRIPT = Path(__file__).with_name("cluster_clients.py")
NAME = "clients"
THREADS, PAUSE, SECONDS = 8, 0.02, 600


class Traffic:
    """The clients' requests since ``begin``: a list of [time of the request, what failed]."""

    def __init__(self) -> None:
        self.begin = 0.0
        self.responses = 0
        self.failures: list[tuple[float, str]] = []

    def read(self) -> None:
        lines = [json.loads(line) for line in kubectl("logs", NAME).splitlines()]
        self.responses = lines[-1][1] if lines else 0
        assert not lines or lines[-1][0] > time.time() - 10, "the clients have ended"
        self.failures = [tuple(failure) for line in lines for failure in line[2]]
        self.failures = [each for each in self.failures if each[0] >= self.begin]


@contextmanager
def traffic(image: str, node: str | None = None, threads: int = THREADS) -> Iterator[Traffic]:
    """Request predictions within the block, by a pod on ``node``; then read what failed."""
    kubectl("delete", "pod", NAME, "--ignore-not-found", "--wait")
    apply(_config_map(), _pod(image, node, threads))
    seen = Traffic()
    try:
        wait_for(lambda: _is_running() and (seen.read() or seen.responses > 20), 60)
        seen.begin = time.time()  # before, a network policy may not have known the clients yet
        yield seen
        time.sleep(2)  # what is under way is printed
        seen.read()
    finally:
        kubectl("delete", "pod", NAME, "--wait=false")


def _is_running() -> bool:
    return bool(read("pod", NAME)["status"]["phase"] == "Running")


def _config_map() -> dict[str, Any]:
    data = {SCRIPT.name: SCRIPT.read_text()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}, "data": data}


def _pod(image: str, node: str | None, threads: int) -> dict[str, Any]:
    address = read("service", "api")["spec"]["clusterIP"]  # whoever resolves names may be away
    container = {
        "name": NAME,
        "image": image,
        "command": ["python", f"/clients/{SCRIPT.name}", address],
        "args": [str(threads), str(PAUSE), str(SECONDS)],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": NAME, "mountPath": "/clients"}],
    }
    spec = {
        "containers": [container],
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": NAME, "configMap": {"name": NAME}}],
        **({"nodeName": node} if node else {}),
    }
    metadata = {"name": NAME, "labels": {"app": "trainer"}}  # which may reach the API
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
