"""A version's way into service and out of it, while requests flow."""

import os
import threading
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

SWAP_SECONDS = 5  # promised in the README
AGREEING = 20  # answers in a row that every worker has had its turn in


class Traffic(threading.Thread):
    """Asks for predictions until told to stop, and keeps every answer that was not a 200."""

    def __init__(self, digit: np.ndarray) -> None:
        super().__init__()
        self.body = {"image": digit.tolist()}
        self.stopping = threading.Event()
        self.answered = 0
        self.failures: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=os.environ["API_URL"], timeout=10) as client:
            while not self.stopping.wait(0.002):
                try:
                    status = client.post("/predict", json=self.body).status_code
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                else:
                    self.answered += 1
                    if status != 200:
                        self.failures.append(str(status))


@pytest.fixture
def traffic(digits: np.ndarray) -> Iterator[Traffic]:
    thread = Traffic(digits[0])
    thread.start()
    yield thread
    thread.stopping.set()
    thread.join()


def served_versions() -> set[str]:
    """The versions that a row of new connections meets, and so every worker's."""
    return {
        str(httpx.get(os.environ["API_URL"] + "/model", timeout=10).json()["version"])
        for _ in range(AGREEING)
    }


def wait_until_served(version: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if served_versions() == {version}:
            return True
    return False


def register_copy(
    registry: MlflowClient, production: ModelVersion, tags: dict[str, str]
) -> ModelVersion:
    model_id = production.source.removeprefix("models:/")
    return registry.create_model_version(
        production.name, production.source, production.run_id, tags=tags, model_id=model_id
    )


def test_an_alias_moved_by_hand_is_served_within_seconds_and_no_request_fails(
    registry: MlflowClient, production: ModelVersion, traffic: Traffic
):
    copy = register_copy(registry, production, production.tags)
    for version in (str(copy.version), str(production.version)):  # there and back
        registry.set_registered_model_alias(production.name, "Production", version)
        assert wait_until_served(version, SWAP_SECONDS)
    traffic.stopping.set()
    traffic.join()
    assert traffic.failures == []
    assert traffic.answered > 100


def test_a_version_whose_file_is_not_what_its_tag_says_never_serves(
    registry: MlflowClient, production: ModelVersion, traffic: Traffic
):
    copy = register_copy(registry, production, production.tags | {"sha256": "0" * 64})
    registry.set_registered_model_alias(production.name, "Production", copy.version)
    assert not wait_until_served(str(copy.version), SWAP_SECONDS)
    assert served_versions() == {str(production.version)}
    traffic.stopping.set()
    traffic.join()
    assert traffic.failures == []


def test_an_alias_taken_away_leaves_the_version_in_service(
    registry: MlflowClient, production: ModelVersion, api: httpx.Client
):
    registry.delete_registered_model_alias(production.name, "Production")
    assert not wait_until_served("none", SWAP_SECONDS)
    assert served_versions() == {str(production.version)}
