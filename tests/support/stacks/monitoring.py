"""The stack with compose/monitoring.yaml, all of whose times are shortened by one factor."""

import math
import re
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import yaml
from mlflow import MlflowClient

from support.monitoring_files import SOURCE, read_values
from support.processes import free_port
from support.stacks.compose import Stack

FACTOR = 30
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(?<![\w.])(\d+)(ms|s|m|h|d)\b")
# Its image cannot be had where the tests run: they start the other services by name, and check the
# dashboards in tests/docs/test_monitoring.py.
NOT_STARTED = "grafana"
# A small disk of its own for the bucket, which a container keeps when MinIO stops.
OVERLAY = """
services:
  prometheus:
    volumes: ["{folder}/prometheus:/etc/prometheus:ro"]
  postgres-exporter:
    healthcheck: {{interval: 1s}}
  alertmanager:
    extra_hosts: ["host.docker.internal:host-gateway"]
  disk:
    image: {images}setup
    pull_policy: never
    init: true
    entrypoint: [sleep, infinity]
    network_mode: none
    volumes: [minio-data:/var/lib/minio]
volumes:
  minio-data:
    driver: local
    driver_opts: {{type: tmpfs, device: tmpfs, o: "size=256m,uid=10001,gid=10001,mode=0750"}}
"""


def shorten(text: str) -> str:
    """Divide every duration in a configuration by FACTOR."""
    return DURATION.sub(lambda m: f"{max(1, int(m[1]) * UNITS[m[2]] // FACTOR)}ms", text)


def register_again(registry: MlflowClient, **tags: str) -> str:
    """Register the files of the version in production once more; return the new version."""
    name = "mnist-classifier"
    version = registry.get_model_version_by_alias(name, "Production")
    again = registry.create_model_version(
        name,
        version.source,
        version.run_id,
        version.tags | tags,
        model_id=version.source.removeprefix("models:/"),
    )
    return str(again.version)


class MonitoredStack(Stack):
    """The stack with all services of the overlay but Grafana, and with shortened times."""

    def __init__(
        self, project: str, images: str, folder: Path, receiver: str, **settings: str
    ) -> None:
        """Run the images whose names start with ``images``; have alerts sent to ``receiver``."""
        copy = folder / "monitoring"
        shutil.copytree(SOURCE, copy)
        for file in (copy / "alertmanager.yml", *sorted((copy / "prometheus").glob("*.yml"))):
            file.write_text(shorten(file.read_text()))
        alerting = yaml.safe_load((copy / "alertmanager.yml").read_text())
        alerting["route"]["receiver"] = "webhook"
        alerting["receivers"].append({"name": "webhook", "webhook_configs": [{"url": receiver}]})
        (copy / "alertmanager.yml").write_text(yaml.safe_dump(alerting))
        overlay = folder / "shortened.yaml"
        overlay.write_text(OVERLAY.format(folder=copy, images=images))
        files = ("compose.yaml", "compose/images.yaml", "compose/monitoring.yaml", str(overlay))
        port = free_port()
        super().__init__(
            project, folder, **settings, PROMETHEUS_PORT=str(port),
            COMPOSE_FILE=":".join(files), IMAGE_PREFIX=images, IMAGE_TAG="latest",
            ALERTMANAGER_CONFIG=str(copy / "alertmanager.yml"),
        )  # fmt: skip
        self.prometheus_url = f"http://127.0.0.1:{port}"

    def start_all(self) -> None:
        """Start all services but Grafana, and wait until they are healthy."""
        services = set(self.do("config", "--services").split()) - {NOT_STARTED}
        self.do("up", "--detach", "--wait", *sorted(services))

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """Return Prometheus' result for an expression, Grafana's variables replaced."""
        for variable in ("$__rate_interval", "$__range"):
            expression = expression.replace(variable, "2m")
        url = f"{self.prometheus_url}/api/v1/query"
        answer = httpx.get(url, params={"query": expression}, timeout=30).json()
        assert answer["status"] == "success", (expression, answer)
        return list(answer["data"]["result"])

    def has_value(self, expression: str) -> bool:
        """Return whether the result has a number; a quantile of nothing, for instance, is none."""
        return any(not math.isnan(float(sample["value"][1])) for sample in self.ask(expression))

    def wait_for_value(self, expression: str, value: float, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while [float(sample["value"][1]) for sample in self.ask(expression)] != [value]:
            assert time.monotonic() < deadline, f"{expression} is {self.ask(expression)}"
            time.sleep(0.3)

    def firing(self) -> set[tuple[str, str]]:
        """Return name and job ("" for those without) of the alerts that Prometheus fires."""
        answer = httpx.get(f"{self.prometheus_url}/api/v1/alerts", timeout=30).json()
        return {
            (alert["labels"]["alertname"], alert["labels"].get("job", ""))
            for alert in answer["data"]["alerts"]
            if alert["state"] == "firing"
        }

    def wait_until_firing(self, name: str, job: str = "", seconds: float = 90) -> None:
        self._wait(name, job, True, seconds)

    def wait_until_ended(self, name: str, job: str = "", seconds: float = 90) -> None:
        self._wait(name, job, False, seconds)

    def _wait(self, name: str, job: str, expected: bool, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while ((name, job) in self.firing()) != expected:
            values = {q.place: self.ask(q.expression) for q in read_values() if q.place == name}
            assert time.monotonic() < deadline, f"{name} {job} firing: {not expected}; {values}"
            time.sleep(0.3)
