"""The component service-monitor, without its operator: what it names is there and is reached."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.stacks.kubernetes import apply, image_of, kubectl, pods, read

OVERLAY = Path(__file__).with_name("monitored")
GROUP = "monitoring.coreos.com"
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"servicemonitors.{GROUP}"},
    "spec": {
        "group": GROUP,
        "names": {"kind": "ServiceMonitor", "plural": "servicemonitors"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}
# What a policy allows a new pod may be refused for a while; a status that is an error is none.
SCRAPE = """
import sys, time, urllib.error, urllib.request
end = time.monotonic() + 20
def read(url):
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).read().decode()
        except urllib.error.URLError as error:
            if isinstance(error, urllib.error.HTTPError) or time.monotonic() > end:
                raise
            time.sleep(0.5)
print(*map(read, sys.argv[1:]))
"""


@pytest.fixture
def monitor() -> Iterator[dict[str, Any]]:
    """The ServiceMonitor as the cluster has it, and a pod that is labelled as Prometheus'."""
    if DEFINITION["metadata"]["name"] in kubectl("get", "crd", "--output=name"):
        pytest.skip("The cluster has the operator's definition, which this test would remove.")
    apply(DEFINITION)
    kubectl("wait", f"crd/{DEFINITION['metadata']['name']}", "--for=condition=Established")
    kubectl("apply", "--kustomize", str(OVERLAY))
    overrides = {"spec": {"terminationGracePeriodSeconds": 0}}
    kubectl(
        "run", "prometheus", f"--image={image_of('api')}", f"--overrides={json.dumps(overrides)}",
        "--labels=app.kubernetes.io/name=prometheus", "--command", "--", "sleep", "300",
        namespace="default",
    )  # fmt: skip
    kubectl("wait", "pod/prometheus", "--for=condition=Ready", "--timeout=60s", namespace="default")
    yield read("servicemonitor", "mnist")["spec"]
    kubectl("delete", "pod/prometheus", "--wait=false", namespace="default")
    kubectl("delete", "--kustomize", str(OVERLAY))
    kubectl("delete", f"crd/{DEFINITION['metadata']['name']}")


def test_prometheus_reads_the_metrics_of_each_pod_that_is_named(monitor: dict[str, Any]) -> None:
    (labels,) = monitor["selector"]["matchExpressions"]
    (endpoint,) = monitor["endpoints"]
    urls = []
    for app in labels["values"]:
        (service,) = read("services", f"--selector={labels['key']}={app}")["items"]
        (target,) = [
            each["targetPort"]
            for each in service["spec"]["ports"]
            if each["name"] == endpoint["port"]
        ]
        for pod in pods(app):
            ports = pod["spec"]["containers"][0]["ports"]
            (port,) = [each["containerPort"] for each in ports if each["name"] == target]
            urls.append(f"http://{pod['status']['podIP']}:{port}{endpoint['path']}")
    metrics = kubectl(
        "exec", "prometheus", "--", "python", "-c", SCRAPE, *urls, namespace="default"
    )
    assert "mlflow_database_up 1.0" in metrics
    assert metrics.count("# TYPE mnist_api_predictions_total") == len(pods("api"))
