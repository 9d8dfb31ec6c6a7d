"""A node that is cut off from the network: its replicas are given up, and made anew elsewhere."""

import time
from typing import Any

from support.stacks.cluster_traffic import traffic
from support.stacks.kubernetes import apply, is_ready, kubectl, pods, read, wait_for

SECONDS = 110  # for which it is cut off; it comes back by itself
CUT = (
    "for chain in 'FORWARD' 'INPUT ! -i lo' 'OUTPUT ! -o lo'; do iptables -I $chain -j DROP; done; "
    f"sleep {SECONDS}; "
    "for chain in 'FORWARD' 'INPUT ! -i lo' 'OUTPUT ! -o lo'; do iptables -D $chain -j DROP; done"
)


def find_nodes() -> tuple[str, str]:
    """Return a node that is not Kubernetes' own, and another one."""
    server = kubectl(
        "config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}"
    )
    nodes = read("nodes")["items"]
    workers = [
        node["metadata"]["name"]
        for node in nodes
        if "node-role.kubernetes.io/control-plane" not in node["metadata"]["labels"]
        and not any(each["address"] in server for each in node["status"]["addresses"])
    ]
    other = next(n["metadata"]["name"] for n in nodes if n["metadata"]["name"] != workers[-1])
    return workers[-1], other


def cutter(node: str, image: str) -> dict[str, Any]:
    """Return a pod that cuts off its node, by the node's own iptables, and ends that in time."""
    container = {
        "name": "cutter",
        "image": image,
        "command": ["chroot", "/node", "bash", "-c", CUT],
        "securityContext": {"privileged": True, "runAsUser": 0},
        "volumeMounts": [{"name": "node", "mountPath": "/node"}],
    }
    spec = {
        "nodeName": node,
        "hostNetwork": True,
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [{"name": "node", "hostPath": {"path": "/"}}],
        "tolerations": [{"operator": "Exists"}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "cutter"}, "spec": spec}


def is_node_ready(name: str) -> bool:
    return is_ready(read("node", name))


def test_of_a_node_cut_off_nothing_is_lost_after_a_minute() -> None:
    node, other = find_nodes()
    image = read("deployment", "api")["spec"]["template"]["spec"]["containers"][0]["image"]
    kubectl("delete", "pod", "cutter", "--ignore-not-found", namespace="default")
    with traffic(image, other) as clients:
        assert {pod["spec"]["nodeName"] for pod in pods("api")} == {node, other}, "they are spread"
        apply(cutter(node, image), namespace="default")
        begin = time.time()
        wait_for(lambda: not is_node_ready(node), 100)
        wait_for(lambda: len([p for p in pods("api") if is_ready(p)]) >= 2, 60)
        wait_for(lambda: is_node_ready(node), SECONDS + 60)
        clients.read()
        assert clients.responses > 1000
    late = [each for each in clients.failures if each[0] > begin + 60]
    assert late == []
    kubectl("delete", "pod", "cutter", "--force", "--grace-period=0", namespace="default")
