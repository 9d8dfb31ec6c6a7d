"""Training while the API responds to requests."""

import time

import httpx
import pytest
from mlflow import MlflowClient

from support.stacks.compose import Stack, docker
from support.stacks.traffic import Traffic

QUICK = ("train", "--recipe", "quick", "--epochs", "2")
STAGES = ("Epoch", "Trained", "Test", "is registered")  # in the trainer's output, in this order


def alias(registry: MlflowClient) -> str:
    return str(registry.get_model_version_by_alias("mnist-classifier", "Production").version)


def active_version(stack: Stack) -> str:
    return str(httpx.get(f"{stack.api_url}/model", timeout=10).json()["version"])


def wait_until_active(stack: Stack, version: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while {active_version(stack) for _ in range(20)} != {version}:
        assert time.monotonic() < deadline, f"{version} is not active"


def test_a_training_activates_a_new_version_and_no_request_fails(
    stack: Stack, registry: MlflowClient, production_version: str
):
    started = stack.inspect("api")["State"]["StartedAt"]
    with Traffic(stack.api_url):
        output = stack.do("run", "--rm", "trainer", "train", "--recipe", "quick", "--seed", "3")
        assert alias(registry) != production_version, output
        wait_until_active(stack, alias(registry))
    assert stack.inspect("api")["State"]["StartedAt"] == started


def test_the_trainer_accepts_its_other_commands(
    stack: Stack, registry: MlflowClient, production_version: str
):
    assert "Production" in stack.do("run", "--rm", "trainer", "versions")
    stack.do("run", "--rm", "trainer", "rollback")
    assert alias(registry) != production_version
    stack.do("run", "--rm", "trainer", "promote", production_version)
    assert alias(registry) == production_version
    wait_until_active(stack, production_version)
    desired, active = stack.do("run", "--rm", "trainer", "history").split("\n\n")[:2]
    movers = [line.split()[-1] for line in desired.splitlines()]
    assert [mover for mover in movers if mover in ("rollback", "promote")] == [
        "rollback",
        "promote",
    ]
    assert active.splitlines()[0] == "Active, in the API"
    assert active.splitlines()[-1].split()[0] == production_version


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_trainer_leaves_the_alias_unchanged(
    stack: Stack, registry: MlflowClient, production_version: str, stage: str
):
    name = f"{stack.project}-killed"
    training = stack.start("run", "--rm", "--name", name, "trainer", *QUICK)
    assert training.stdout
    with training.stdout as lines:
        output = ""
        for line in lines:
            output += line
            if stage in line:
                docker("kill", name, check=False)  # it may have ended already
                break
        else:
            pytest.fail(f"{stage!r} is not in the output:\n{output}")
        output += lines.read()
    assert training.wait() == 137, output
    assert alias(registry) == production_version
    assert stack.predicts()


def test_after_trainers_were_killed_the_next_one_succeeds(stack: Stack, registry: MlflowClient):
    versions = len(registry.search_model_versions())
    stack.do("run", "--rm", "trainer", *QUICK)
    assert len(registry.search_model_versions()) == versions + 1
