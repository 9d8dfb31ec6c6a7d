"""Which services of the stack a pod reaches, as NetworkPolicies are enforced."""

import json

from support.stacks.kubernetes import NAMESPACE, kubectl, pods, read

PORTS = {"api": 8000, "mlflow-server": 5000, "postgres": 5432, "minio": 9000}
# A pod is isolated before it starts; what it is allowed may be refused for a while after that.
CONNECT = """
import json, socket, sys, time
from concurrent.futures import ThreadPoolExecutor
targets, allowed = map(json.loads, sys.argv[1:])
def connects(target):
    try:
        socket.create_connection(target[1:], 3).close()
    except OSError:
        return False
    return True
end = time.monotonic() + 20
while not all(connects(each) for each in targets if each[0] in allowed) and time.monotonic() < end:
    time.sleep(0.5)
with ThreadPoolExecutor() as threads:
    reached = zip(targets, threads.map(connects, targets))
print(json.dumps([target[0] for target, is_reached in reached if is_reached]))
"""


def find_reached(pod: str, allowed: set[str], namespace: str = NAMESPACE) -> set[str]:
    """Return which of the stack in `mnist`, and Kubernetes, a pod reaches; wait for ``allowed``."""
    lists = json.dumps(_find_targets()), json.dumps([*allowed])
    command = ("exec", pod, "--", "python3", "-c", CONNECT, *lists)
    return set(json.loads(kubectl(*command, namespace=namespace)))


def _find_targets() -> list[tuple[str, str, int]]:
    """Return each service's name, a pod's address and its port, and those of Kubernetes itself."""
    found = [(name, pods(name)[0]["status"]["podIP"], port) for name, port in PORTS.items()]
    kubernetes = read("service", "kubernetes", namespace="default")["spec"]
    return [*found, ("kubernetes", kubernetes["clusterIP"], kubernetes["ports"][0]["port"])]
