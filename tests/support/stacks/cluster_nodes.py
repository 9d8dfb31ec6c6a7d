"""What breaks nodes and pods, done by a privileged pod on the node, as a person with root would."""

from typing import Any

from support.stacks.kubernetes import apply, is_ready, kubectl, read, wait_for

RULES = ("raw -{} PREROUTING -i", "mangle -{} POSTROUTING -o")
KILL = """
import os, pathlib, sys
uid = sys.argv[1]
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        groups = (process / "cgroup").read_text()
    except OSError:
        continue
    if uid in groups.replace("_", "-"):
        os.kill(int(process.name), 9)
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
    """Have a node drop all packets from and to others for ``seconds``, 5 s from now.

    It needs those 5 s to report that the pod which does it runs.
    """
    find = f"device=$(ip -o address show to {_address(read('node', node))} | cut -d' ' -f2)"
    add, remove = (
        "; ".join(f"iptables -t {rule.format(option)} $device -j DROP" for rule in RULES)
        for option in "ID"
    )
    script = f"{find}; sleep 5; {add}; date +%s; sleep {seconds}; {remove}"
    _run(node, image, ["chroot", "/node", "bash", "-c", script], "Running")


def read_begin() -> int:
    """Return when the node was cut off, in seconds since 1970; raises while it is."""
    return int(kubectl("logs", "breaker", namespace="default"))


def _address(node: dict[str, Any]) -> str:
    addresses = node["status"]["addresses"]
    return next(str(each["address"]) for each in addresses if each["type"] == "InternalIP")


def kill_processes(pod: dict[str, Any], image: str) -> None:
    """Kill all processes of a pod at once."""
    command = ["python", "-c", KILL, pod["metadata"]["uid"]]
    _run(pod["spec"]["nodeName"], image, command, "Succeeded")


def remove_pod() -> None:
    kubectl(
        "delete", "pod", "breaker", "--ignore-not-found", "--force", "--grace-period=0",
        namespace="default",
    )  # fmt: skip


def _run(node: str, image: str, command: list[str], phase: str) -> None:
    """Run a command as root on a node until its pod has reached ``phase``."""
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
    wait_for(lambda: read("pod", "breaker", namespace="default")["status"]["phase"] == phase, 60)
