"""Pods that are killed and a node that is cut off: only what was in flight there is lost."""

import time
from collections.abc import Iterator

import pytest

from support.stacks.cluster_nodes import (
    cut_off,
    find_nodes,
    is_node_ready,
    kill_processes,
    read_begin,
    remove_pod,
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


def test_of_a_killed_pod_only_requests_in_flight_are_lost() -> None:
    image = image_of("api")
    with traffic(image) as clients:
        killed = pods("api")[0]
        kill_processes(killed, image)
        begin = time.time()
        time.sleep(15)
        wait_ready("api", 2, 60)
    (status,) = read("pod", killed["metadata"]["name"])["status"]["containerStatuses"]
    assert status["restartCount"] == killed["status"]["containerStatuses"][0]["restartCount"] + 1
    lost = [(at - begin, what) for at, what in clients.failures]
    assert [each for each in lost if each[0] > 10] == []
    refused = [each for each in lost if "ConnectionRefused" in each[1]]  # may be sent again
    assert len(lost) - len(refused) <= THREADS, "one is in flight for each"


def test_of_a_node_cut_off_nothing_is_lost_after_a_minute() -> None:
    node, other = find_nodes()
    image = image_of("api")
    kubectl("rollout", "restart", "deployment/api")  # which spreads the pods
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
