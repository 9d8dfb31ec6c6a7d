"""Training beside a stack that serves."""

import time

import httpx
import pytest
from composed import Stack, docker
from mlflow import MlflowClient
from traffic import Traffic

QUICK = ("train", "--recipe", "quick", "--epochs", "2")
STAGES = ("Epoch", "Trained", "Test", "is registered")  # words that the trainer says on its way


def alias(registry: MlflowClient) -> str:
    return str(registry.get_model_version_by_alias("mnist-classifier", "Production").version)


def served(stack: Stack) -> str:
    return str(httpx.get(f"{stack.api_url}/model", timeout=10).json()["version"])


def wait_until_served(stack: Stack, version: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while {served(stack) for _ in range(20)} != {version}:
        assert time.monotonic() < deadline, f"{version} is not served"


def test_a_training_puts_a_new_version_in_service_and_no_request_is_lost(
    stack: Stack, registry: MlflowClient, in_service: str
):
    started = stack.inspect("api")["State"]["StartedAt"]
    with Traffic(stack.api_url):
        said = stack.do("run", "--rm", "trainer", "train", "--recipe", "quick", "--seed", "3")
        assert alias(registry) != in_service, said
        wait_until_served(stack, alias(registry))
    assert stack.inspect("api")["State"]["StartedAt"] == started


def test_the_other_commands_of_the_trainer_pass_through(
    stack: Stack, registry: MlflowClient, in_service: str
):
    assert "Production" in stack.do("run", "--rm", "trainer", "versions")
    stack.do("run", "--rm", "trainer", "rollback")
    assert alias(registry) != in_service
    stack.do("run", "--rm", "trainer", "promote", in_service)
    assert alias(registry) == in_service


@pytest.mark.parametrize("stage", STAGES)
def test_a_trainer_that_is_killed_leaves_production_as_it_was(
    stack: Stack, registry: MlflowClient, in_service: str, stage: str
):
    name = f"{stack.project}-killed"
    training = stack.start("run", "--rm", "--name", name, "trainer", *QUICK)
    assert training.stdout
    with training.stdout as lines:
        said = ""
        for line in lines:
            said += line
            if stage in line:
                docker("kill", name, check=False)  # it may just have ended
                break
        else:
            pytest.fail(f"never said {stage!r}:\n{said}")
        said += lines.read()
    assert training.wait() == 137, said
    assert alias(registry) == in_service
    assert stack.predicts()


def test_after_trainers_were_killed_the_next_one_succeeds(stack: Stack, registry: MlflowClient):
    versions = len(registry.search_model_versions())
    stack.do("run", "--rm", "trainer", *QUICK)
    assert len(registry.search_model_versions()) == versions + 1
