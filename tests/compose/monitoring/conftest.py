"""One monitored stack for the tests of this folder, and a receiver of its alerts."""

from collections.abc import Iterator

import pytest
from mlflow import MlflowClient

from support.servers.alert_receiver import Receiver
from support.servers.local_http import run_server
from support.stacks.compose import QUICK, Stack, started
from support.stacks.monitoring import MonitoredStack


@pytest.fixture(scope="package")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with run_server(receiver):
        yield receiver


@pytest.fixture(scope="package")
def monitored(
    built: Stack, tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> Iterator[MonitoredStack]:
    folder = tmp_path_factory.mktemp("monitored")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)  # the containers' users read the configuration
    url = f"http://host.docker.internal:{receiver.server_port}/"
    stack = MonitoredStack(
        "mnist-compose-test-monitored", f"{built.project}-", folder, url,
        TRAIN_ARGS=QUICK, WEB_CONCURRENCY="4",
    )  # fmt: skip
    with started(stack, stack.start_all):
        yield stack


@pytest.fixture(scope="package")
def monitored_registry(monitored: MonitoredStack) -> MlflowClient:
    return MlflowClient(monitored.mlflow_url, monitored.mlflow_url)
