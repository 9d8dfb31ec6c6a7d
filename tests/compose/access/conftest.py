"""One stack with a token, accounts and a proxy for the tests of this folder."""

from collections.abc import Iterator

import pytest
from mlflow import MlflowClient

from support.stacks.compose import Stack, started
from support.stacks.guarded import GuardedStack, provide_nginx


@pytest.fixture(scope="package")
def guarded(built: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedStack]:
    provide_nginx()
    folder = tmp_path_factory.mktemp("guarded")
    stack = GuardedStack("mnist-compose-test-guarded", f"{built.project}-", folder)
    with started(stack, stack.start_all):
        yield stack


@pytest.fixture
def administration(guarded: GuardedStack, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """MLflow's client with the administrator's account, through the proxy."""
    for name, value in guarded.client_variables().items():
        monkeypatch.setenv(name, value)
    return MlflowClient(guarded.mlflow_url, guarded.mlflow_url)
