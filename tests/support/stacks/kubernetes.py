"""The stack in a cluster: kubectl, forwarded ports, and clients that run in the cluster."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

from support.processes import free_port, wait_until
from support.stacks.local import answers

CONTEXT = os.environ.get("KUBE_CONTEXT", "")
NAMESPACE = "mnist"


def kubectl(*arguments: str, content: str | None = None, namespace: str = NAMESPACE) -> str:
    """Run kubectl in the named context and return its output; a failure shows its errors."""
    command = ["kubectl", f"--context={CONTEXT}", f"--namespace={namespace}", *arguments]
    done = subprocess.run(
        command, input=content, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}:\n{done.stderr}{done.stdout}"
    return done.stdout


def read(*arguments: str, namespace: str = NAMESPACE) -> Any:
    """Return what `kubectl get` says, from its JSON."""
    return json.loads(kubectl("get", *arguments, "--output=json", namespace=namespace))


def apply(*objects: dict[str, Any], namespace: str = NAMESPACE) -> None:
    content = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    kubectl("apply", "--filename=-", content=content, namespace=namespace)


def pods(app: str) -> list[dict[str, Any]]:
    """Return the pods of a service that are not ending."""
    found = read("pods", f"--selector=app={app}")["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def image_of(deployment: str) -> str:
    template = read("deployment", deployment)["spec"]["template"]
    return str(template["spec"]["containers"][0]["image"])


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def wait_ready(app: str, replicas: int, seconds: float = 120) -> list[dict[str, Any]]:
    """Wait until a service has exactly so many pods, and all are ready; return them."""

    def is_met() -> bool:
        found = pods(app)
        return len(found) == replicas and all(map(is_ready, found))

    wait_until(is_met, seconds)
    return pods(app)


@contextlib.contextmanager
def forwarded(target: str, port: int, namespace: str = NAMESPACE) -> Iterator[str]:
    """Forward a port of this machine to a pod or a service; yield its URL."""
    local = free_port()
    command = ["kubectl", f"--context={CONTEXT}", f"--namespace={namespace}", "port-forward"]
    process = subprocess.Popen(
        [*command, target, f"{local}:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: answers(local))
        yield f"http://127.0.0.1:{local}"
    finally:
        process.terminate()
        process.wait()


def run_in(pod: str, *command: str) -> str:
    return kubectl("exec", pod, "--", *command)


def wait_for(is_met: Callable[[], Any], seconds: float) -> Any:
    """Return the first true result of ``is_met``; fail if there is none in time."""
    end = time.monotonic() + seconds
    while not (found := is_met()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.5)
    return found
