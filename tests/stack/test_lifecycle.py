"""The active version follows the alias Production while clients send requests."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from support.processes import wait_until

ACTIVATION_SECONDS = 30  # 5 on an idle machine, which tests/kubernetes checks
REQUESTS = 20  # on new connections, enough to reach every worker


class Traffic(threading.Thread):
    """Requests predictions until it is stopped, and records every failure."""

    def __init__(self, digit: np.ndarray) -> None:
        super().__init__()
        self.body = {"image": digit.tolist()}
        self.stopping = threading.Event()
        self.responses = 0
        self.failures: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=os.environ["API_URL"], timeout=10) as client:
            while not self.stopping.wait(0.002):
                try:
                    status = client.post("/predict", json=self.body).status_code
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                else:
                    self.responses += 1
                    if status != 200:
                        self.failures.append(str(status))


@pytest.fixture
def traffic(digits: np.ndarray) -> Iterator[Traffic]:
    thread = Traffic(digits[0])
    thread.start()
    yield thread
    thread.stopping.set()
    thread.join()


@pytest.fixture(scope="module")
def workers() -> Iterator[httpx.Client]:
    """A client that opens a connection for each request, and so reaches every worker."""
    headers = {"Connection": "close"}
    with httpx.Client(base_url=os.environ["API_URL"], headers=headers, timeout=10) as client:
        yield client


def read_models(workers: httpx.Client) -> list[dict[str, Any]]:
    """Return what all workers say about their versions."""
    return [workers.get("/model").json() for _ in range(REQUESTS)]


def active_versions(workers: httpx.Client) -> set[str]:
    return {str(model["version"]) for model in read_models(workers)}


def refused_versions(workers: httpx.Client) -> set[str]:
    return {str((model["refused"] or {}).get("version")) for model in read_models(workers)}


def wait_until_active(workers: httpx.Client, version: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if active_versions(workers) == {version}:
            return True
    return False


def wait_until_recorded(registry: MlflowClient, name: str, kind: str, versions: list[str]) -> bool:
    """Wait until the history of the alias ends in the desired, or active, ``versions``."""
    deadline = time.monotonic() + ACTIVATION_SECONDS
    prefix = f"history.Production.{kind}."
    while True:
        tags = registry.get_registered_model(name).tags
        keys = sorted(key.removeprefix(prefix) for key in tags if key.startswith(prefix))
        if [key.partition(".")[2] for key in keys][-3:] == versions:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)


def register_copy(
    registry: MlflowClient, production: ModelVersion, tags: dict[str, str]
) -> ModelVersion:
    model_id = production.source.removeprefix("models:/")
    return registry.create_model_version(
        production.name, production.source, production.run_id, tags=tags, model_id=model_id
    )


def test_a_version_that_gets_the_alias_is_active_within_seconds_and_no_request_fails(
    registry: MlflowClient, production: ModelVersion, traffic: Traffic, workers: httpx.Client
):
    copy = register_copy(registry, production, production.tags)
    for version in (str(copy.version), str(production.version)):  # there and back
        registry.set_registered_model_alias(production.name, "Production", version)
        assert wait_until_active(workers, version, ACTIVATION_SECONDS)
    traffic.stopping.set()
    traffic.join()
    assert traffic.failures == []
    assert traffic.responses > 100
    moves = [str(production.version), str(copy.version), str(production.version)]
    for kind in ("desired", "active"):  # one record a move, however many workers have seen it
        assert wait_until_recorded(registry, production.name, kind, moves)


def test_a_version_whose_file_differs_from_its_sha256_tag_never_becomes_active(
    registry: MlflowClient, production: ModelVersion, traffic: Traffic, workers: httpx.Client
):
    copy = register_copy(registry, production, production.tags | {"sha256": "0" * 64})
    registry.set_registered_model_alias(production.name, "Production", copy.version)
    wait_until(lambda: refused_versions(workers) == {str(copy.version)})
    assert active_versions(workers) == {str(production.version)}
    traffic.stopping.set()
    traffic.join()
    assert traffic.failures == []


def test_the_active_version_stays_active_when_the_alias_is_deleted(
    registry: MlflowClient, production: ModelVersion, workers: httpx.Client
):
    registry.delete_registered_model_alias(production.name, "Production")
    assert not wait_until_active(workers, "none", 10)
    assert active_versions(workers) == {str(production.version)}
