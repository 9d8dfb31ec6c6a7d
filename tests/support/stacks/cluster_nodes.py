"""What breaks nodes and pods, done by a privileged pod on the node, as a person with root would."""

from typing import Any

from support.stacks.kubernetes import apply, is_ready, kubectl, read, wait_for

CHAINS = ("FORWARD", "INPUT ! -i lo", "OUTPUT ! -o lo")
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
    """Return a node that Kubernetes itself does not need, and another one."""
    server = kubectl(
        "config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}"
    )
    nodes = read("nodes")["items"]
    free = [
        node["metadata"]["name"]
        for node in nodes
        if "node-role.kubernetes.io/control-plane" not in node["metadata"]["labels"]
        and not any(each["address"] in server for each in node["status"]["addresses"])
    ]
    other = next(n["metadata"]["name"] for n in nodes if n["metadata"]["name"] != free[-1])
    return free[-1], other


def is_node_ready(name: str) -> bool:
    return is_ready(read("node", name))


def cut_off(node: str, image: str, seconds: int) -> None:
    """Have a node's own iptables drop all packets, for a time."""
    add, remove = (
        "; ".join(f"iptables {option} {chain} -j DROP" for chain in CHAINS)
        for option in ("-I", "-D")
    )
    command = ["chroot", "/node", "bash", "-c", f"{add}; sleep {seconds}; {remove}"]
    _run(node, image, command, "Running")


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
