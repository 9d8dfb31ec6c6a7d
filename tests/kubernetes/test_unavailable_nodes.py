"""Pods that are killed and a node that is cut off: only what was in flight there is lost."""

import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.stacks.cluster_commands import find_kubernetes_commands, run_command
from support.stacks.cluster_nodes import (
    cut_off,
    find_nodes,
    is_node_ready,
    read_begin,
    remove_pod,
    signaller,
)
from support.stacks.cluster_traffic import THREADS, traffic
from support.stacks.kubernetes import (
    image_of,
    is_ready,
    kubectl,
    pods,
    read,
    wait_for,
    wait_ready,
)

SECONDS = 100  # for which the node is cut off; it comes back by itself


@pytest.fixture(autouse=True)
def breaker() -> Iterator[None]:
    yield
    remove_pod()
    wait_for(lambda: all(map(is_ready, read("nodes")["items"])), SECONDS + 60)


def kill_processes(pod: dict[str, Any]) -> None:
    with signaller(pod, image_of("api")) as send:
        send(signal.SIGKILL)


def delete(pod: dict[str, Any]) -> None:
    kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force")


def starts() -> set[tuple[str, int]]:
    """Return each pod of the API and how often its container was started again."""
    return {
        (pod["metadata"]["uid"], status["restartCount"])
        for pod in pods("api")
        for status in pod["status"].get("containerStatuses", [])
    }


@pytest.mark.parametrize("kill", [kill_processes, delete])
def test_of_a_killed_pod_only_requests_in_flight_are_lost(
    kill: Callable[[dict[str, Any]], None],
) -> None:
    with traffic(image_of("api")) as clients:
        before = starts()
        kill(pods("api")[0])
        begin = time.time()
        started = wait_for(lambda: starts() - before, 60)
        wait_ready("api", 2, 60)
        time.sleep(max(0, begin + 15 - time.time()))
    assert starts() - before == started, "once"
    lost = [(at - begin, what) for at, what in clients.failures]
    assert [each for each in lost if each[0] > 10] == []
    refused = [each for each in lost if "ConnectionRefused" in each[1]]  # may be sent again
    assert len(lost) - len(refused) <= THREADS, "one is in flight for each"


def test_a_pod_that_hangs_is_started_again() -> None:
    """By its livenessProbe; then the processes are killed, which would take half a minute more."""
    pod = pods("api")[0]
    uid = pod["metadata"]["uid"]
    before = starts()
    with signaller(pod, image_of("api")) as send:
        send(signal.SIGSTOP)
        events = ("events", f"--field-selector=involvedObject.name={pod['metadata']['name']}")
        wait_for(lambda: "failed liveness probe, will be restarted" in kubectl("get", *events), 60)
        send(signal.SIGKILL)
    wait_for(lambda: starts() - before == {(uid, dict(before)[uid] + 1)}, 60)
    wait_ready("api", 2, 60)


def test_of_a_node_cut_off_nothing_is_lost_after_a_minute() -> None:
    node, other = find_nodes()
    image = image_of("api")
    (restart,) = find_kubernetes_commands("restart")
    run_command(restart)  # which spreads the pods
    kubectl("rollout", "status", "deployment/api", "--timeout=120s")
    wait_ready("api", 2)
    assert {pod["spec"]["nodeName"] for pod in pods("api")} == {node, other}
    with traffic(image, other) as clients:
        cut_off(node, image, SECONDS)
        wait_for(lambda: not is_node_ready(node), 70)
        wait_for(lambda: {pod["spec"]["nodeName"] for pod in pods("api")} == {other}, 60)
        wait_for(lambda: is_node_ready(node), SECONDS + 60)
        begin = read_begin()
        wait_ready("api", 2)
    assert clients.responses > 1000
    lost = [(at - begin, what) for at, what in clients.failures]
    assert [each for each in lost if each[0] > 60] == []
