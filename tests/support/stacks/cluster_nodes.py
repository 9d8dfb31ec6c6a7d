"""What breaks nodes and pods, done by a privileged pod on the node, as a person with root would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from support.stacks.kubernetes import apply, is_ready, kubectl, read, wait_for

RULES = ("raw -{} PREROUTING -i", "mangle -{} POSTROUTING -o")
SIGNAL = """
import contextlib, os, pathlib, sys
uid, number = sys.argv[1:]
for process in pathlib.Path("/proc").glob("[0-9]*"):
    with contextlib.suppress(OSError):  # it has ended
        if uid in (process / "cgroup").read_text().replace("_", "-"):
            os.kill(int(process.name), int(number))
"""


def find_nodes() -> tuple[str, str]:
    """Return a node that Kubernetes itself does not need, and another one that takes pods."""
    server = kubectl(
        "config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}"
    )
    nodes = [node for node in read("nodes")["items"] if not node["spec"].get("taints")]
    assert len(nodes) == 2, "the cluster is to have two nodes that take pods: docs/kubernetes.md"
    free = [node["metadata"]["name"] for node in nodes if _address(node) not in server]
    return free[-1], next(n["metadata"]["name"] for n in nodes if n["metadata"]["name"] != free[-1])


def is_node_ready(name: str) -> bool:
    return is_ready(read("node", name))


def cut_off(node: str, image: str, seconds: int) -> None:
    """Have a node drop all packets from and to others for ``seconds``, 5 s from now."""
    find = f"device=$(ip -o address show to {_address(read('node', node))} | cut -d' ' -f2)"
    add, remove = (
        "; ".join(f"iptables -t {rule.format(option)} $device -j DROP" for rule in RULES)
        for option in "ID"
    )
    script = f"{find}; {add}; date +%s.%N; sleep {seconds}; {remove}"
    wait = "until test -e /begin; do sleep 0.1; done; sleep 5"  # kubectl has its answer by then
    _run(node, image, ["sh", "-c", f'{wait}; exec chroot /node bash -c "$0"', script])
    kubectl("exec", "breaker", "--", "touch", "/begin", namespace="default")


def read_begin() -> float:
    """Return when the node was cut off, in seconds since 1970; raises while it is."""
    return float(kubectl("logs", "breaker", namespace="default"))


def _address(node: dict[str, Any]) -> str:
    addresses = node["status"]["addresses"]
    return next(str(each["address"]) for each in addresses if each["type"] == "InternalIP")


@contextmanager
def signaller(pod: dict[str, Any], image: str) -> Iterator[Callable[[int], None]]:
    """Yield a function that sends a signal to all processes of a pod."""

    def send(number: int) -> None:
        arguments = ("python", "-c", SIGNAL, pod["metadata"]["uid"], str(int(number)))
        kubectl("exec", "breaker", "--", *arguments, namespace="default")

    _run(pod["spec"]["nodeName"], image, ["sleep", "600"])
    try:
        yield send
    finally:
        remove_pod()


def remove_pod() -> None:
    kubectl(
        "delete", "pod", "breaker", "--ignore-not-found", "--force", "--grace-period=0",
        namespace="default",
    )  # fmt: skip


def _run(node: str, image: str, command: list[str]) -> None:
    """Start a command as root on a node, in a pod that is named breaker."""
    remove_pod()
    container = {
        "name": "breaker",
        "image": image,
        "command": command,
        "securityContext": {"privileged": True, "runAsUser": 0},
        "volumeMounts": [{"name": "node", "mountPath": "/node"}],
    }
    spec = {
        "nodeName": node,
        "hostNetwork": True,
        "hostPID": True,
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [{"name": "node", "hostPath": {"path": "/"}}],
        "tolerations": [{"operator": "Exists"}],
    }
    metadata = {"name": "breaker"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    apply(pod, namespace="default")
    wait_for(
        lambda: read("pod", "breaker", namespace="default")["status"]["phase"] == "Running", 60
    )
