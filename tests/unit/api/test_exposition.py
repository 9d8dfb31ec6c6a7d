"""What the alerts need of the metrics: a value before there is a fault, and one while there is."""

import os
import signal

import pytest

from mnist_api.telemetry.exposition import write_metrics
from mnist_api.telemetry.metrics import Metrics
from support.metrics import read

MISSING = "mnist_api_desired_version state=missing version="


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics(["/predict"])
    metrics.acquire()
    return metrics


def export(metrics: Metrics) -> dict[str, float]:
    return read(write_metrics(metrics).decode())


def test_errors_are_exported_before_there_is_one(metrics: Metrics) -> None:
    found = {name: n for name, n in export(metrics).items() if "requests_total" in name}
    assert found == {
        f"mnist_api_requests_total route={route} status={status}": 0
        for route in ("/predict", "other")
        for status in (500, 503)
    }


def test_a_worker_without_any_version_is_missing_one_until_one_is_desired(metrics: Metrics) -> None:
    assert export(metrics)[MISSING] == 1
    metrics.set_desired("1", "loading")
    found = export(metrics)
    assert MISSING not in found
    assert found["mnist_api_desired_version state=loading version=1"] == 1


def test_a_row_that_another_process_reads_is_no_worker(metrics: Metrics) -> None:
    """Two scrapes at the same time, each by another worker; here the other one is without end."""
    parent, child = os.getpid(), os.fork()
    if not child:
        while os.getppid() == parent:
            list(metrics.counters.rows())
    try:
        alive = [sum(alive for _, alive in metrics.counters.rows()) for _ in range(300)]
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert set(alive) == {1}


def test_an_active_version_that_none_replaces_is_not_missing(metrics: Metrics) -> None:
    """The alias was deleted, or the model is a file."""
    metrics.count_swap("1")
    metrics.set_desired("", "")
    assert not [name for name in export(metrics) if "desired_version" in name]
