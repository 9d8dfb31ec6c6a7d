"""Prometheus of compose/monitoring.yaml beside the API's token, MLflow's accounts and the proxy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.monitoring_files import PROMETHEUS
from support.processes import free_port, wait_until
from support.stacks.compose import docker
from support.stacks.guarded import GuardedStack
from support.stacks.monitoring import shorten

OVERLAY = """
services:
  prometheus:
    volumes: ["{folder}:/etc/prometheus:ro"]
"""
DOWN = 'ALERTS{alertname="ServiceDown", alertstate="firing", job="proxy"}'


@pytest.fixture
def prometheus(guarded: GuardedStack, folder: Path) -> Iterator[str]:
    """The URL of Prometheus' API, with its times shortened; it is started alone, by name."""
    copy, overlay = folder / "prometheus", folder / "shortened.yaml"
    shutil.copytree(PROMETHEUS, copy)
    for file in copy.glob("*.yml"):
        file.write_text(shorten(file.read_text()))
    overlay.write_text(OVERLAY.format(folder=copy))
    files = f"{guarded.settings['COMPOSE_FILE']}:compose/monitoring.yaml:{overlay}"
    settings = {"COMPOSE_FILE": files, "PROMETHEUS_PORT": str(free_port())}
    try:
        guarded.do("up", "--detach", "--wait", "--no-deps", "prometheus", **settings)
        yield f"http://127.0.0.1:{settings['PROMETHEUS_PORT']}/api/v1/query"
    finally:  # the stack knows nothing of them when it is removed
        guarded.do("rm", "--stop", "--force", "prometheus", **settings)
        docker("volume", "rm", f"{guarded.project}_prometheus-data")
        docker("network", "rm", f"{guarded.project}_metrics")


def ask(prometheus: str, expression: str) -> dict[str, list[float]]:
    """Return the values of the result by job."""
    found: dict[str, list[float]] = {}
    answer = httpx.get(prometheus, params={"query": expression}, timeout=30).json()
    for sample in answer["data"]["result"]:
        found.setdefault(sample["metric"]["job"], []).append(float(sample["value"][1]))
    return found


def test_metrics_are_read_with_the_token_and_a_stopped_proxy_is_reported(
    guarded: GuardedStack, prometheus: str
):
    """Of both replicas; MLflow's own search has the account of the API."""
    up = {"api": [1, 1], "mlflow-server": [1], "proxy": [1]}
    wait_until(lambda: ask(prometheus, 'up{job=~"api|mlflow-server|proxy"}') == up)
    wait_until(lambda: ask(prometheus, "mlflow_database_up") == {"mlflow-server": [1]})
    wait_until(lambda: ask(prometheus, DOWN) == {})
    guarded.do("stop", "proxy")
    wait_until(lambda: ask(prometheus, DOWN) == {"proxy": [1]})
    guarded.do("start", "proxy")
    guarded.wait_for("proxy", "healthy")
    wait_until(lambda: ask(prometheus, DOWN) == {})
