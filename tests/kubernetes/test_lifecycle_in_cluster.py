"""Predictions in a cluster, and what may be pulled from under them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.processes import ROOT, free_port
from support.stacks.cluster_commands import find_kubernetes_commands, run_command
from support.stacks.cluster_nodes import find_nodes
from support.stacks.cluster_traffic import Traffic, traffic
from support.stacks.kubernetes import (
    CONTEXT,
    forwarded,
    image_of,
    kubectl,
    pods,
    read,
    wait_for,
    wait_ready,
)


@pytest.fixture
def clients() -> Iterator[Traffic]:
    with traffic(image_of("api")) as seen:
        yield seen


def test_the_commands_of_the_documents_end_in_a_prediction() -> None:
    wait, forward, predict = find_kubernetes_commands("prediction")
    port = free_port()
    forward = forward.replace("8000", f"{port}:8000")
    predict = predict.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    ended = "status=$?; kill $!; exit $status"
    run_command(f"{wait}\n{forward}\n{predict} | grep '\"prediction\":7'\n{ended}")


def test_the_black_box_tests_pass_in_the_cluster() -> None:
    with forwarded("service/api", 8000) as api, forwarded("service/mlflow-server", 5000) as mlflow:
        urls = {"API_URL": api, "MLFLOW_TRACKING_URI": mlflow}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/stack"]
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | urls, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout


def test_a_rolling_update_to_another_image_loses_no_request(clients: Traffic) -> None:
    """The same one by another name, which is another one to Kubernetes."""

    def names() -> set[str]:
        return {pod["metadata"]["name"] for pod in read("pods", "--selector=app=api")["items"]}

    before = names()
    kubectl("set", "image", "deployment/api", f"api=docker.io/library/{image_of('api')}")
    kubectl("rollout", "status", "deployment/api", "--timeout=180s")
    wait_for(lambda: not before & names(), 60)
    clients.read()
    assert clients.failures == []


def test_restarts_of_the_tracking_server_and_the_database_lose_no_request(
    clients: Traffic,
) -> None:
    kubectl("rollout", "restart", "deployment/mlflow-server", "statefulset/postgres")
    kubectl("rollout", "status", "statefulset/postgres", "--timeout=120s")
    kubectl("rollout", "status", "deployment/mlflow-server", "--timeout=180s")
    time.sleep(5)  # each replica of the API asks the registry again
    clients.read()
    assert clients.failures == []


def test_a_drained_node_loses_no_request() -> None:
    """The stores stay: their volumes may be of that node alone."""
    busy, other = find_nodes()
    assert busy in {pod["spec"]["nodeName"] for pod in pods("api")}
    wait_for(lambda: read("pdb", "api")["status"]["disruptionsAllowed"] == 1, 60)
    with traffic(image_of("api"), other) as clients:
        try:
            kubectl(
                "drain", busy, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=180s",
                "--pod-selector=app in (api, mlflow-server)",
            )  # fmt: skip
            wait_ready("api", 2, 120)
            assert busy not in {pod["spec"]["nodeName"] for pod in pods("api")}
        finally:
            kubectl("uncordon", busy)
    assert clients.failures == []


@pytest.fixture
def autoscaler() -> Iterator[None]:
    """One replica to four, and a target that two cores reach with four."""
    spec = read("hpa", "api")["spec"]
    resource = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 40}}
    metrics = [{"type": "Resource", "resource": resource}]
    patch_autoscaler({"minReplicas": 1, "maxReplicas": 4, "metrics": metrics})
    kubectl("scale", "deployment/api", "--replicas=1")  # sooner than the autoscaler would
    yield
    patch_autoscaler(spec)
    kubectl("scale", "deployment/api", f"--replicas={spec['minReplicas']}")
    wait_ready("api", spec["minReplicas"])


def patch_autoscaler(spec: dict[str, Any]) -> None:
    kubectl("patch", "hpa", "api", "--type=merge", "--patch", json.dumps({"spec": spec}))


@pytest.mark.usefixtures("autoscaler")
def test_the_autoscaler_goes_from_one_replica_to_four_and_back() -> None:
    wait_ready("api", 1, 180)
    with traffic(image_of("api"), threads=60):
        wait_ready("api", 4, 180)
    wait_ready("api", 1, 180)


def test_nothing_runs_that_restricted_would_refuse() -> None:
    labels = read("namespace", "mnist")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    content = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "root"},
            "spec": {"containers": [{"name": "root", "image": image_of("api")}]},
        }
    )
    command = ["kubectl", f"--context={CONTEXT}", "--namespace=mnist", "apply", "--filename=-"]
    done = subprocess.run(command, input=content, capture_output=True, text=True, check=False)
    assert "violates PodSecurity" in done.stderr
    found = read("pods", "--selector=app,app!=passwords")["items"]
    assert {"api", "mlflow-server", "postgres", "minio"} <= {
        pod["metadata"]["labels"]["app"] for pod in found
    }
    for pod in found:
        spec = pod["spec"]
        assert "serviceAccountToken" not in json.dumps(spec.get("volumes", []))
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
