"""A new stack for each test, and the state of a stack with a trained version."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stacks.local import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "state")
    yield stack
    if stack.make and stack.make.poll() is None:
        stack.make.terminate()
        stack.make.wait(60)


@pytest.fixture(scope="session")
def trained_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a Production version, so that stacks start without a training."""
    stack = Stack(tmp_path_factory.mktemp("trained") / "state")
    stack.up()
    try:
        stack.wait_for_output("The stack runs:")
    finally:
        stack.press_ctrl_c()
        stack.wait()
    return stack.state


@pytest.fixture(scope="session")
def running_stack(trained_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that runs on a copy of the trained state, for tests that leave it running."""
    state = tmp_path_factory.mktemp("running") / "state"
    shutil.copytree(trained_state, state, ignore=shutil.ignore_patterns("running"))
    stack = Stack(state, MLFLOW_ALLOWED_HOSTS="mnist.lan")
    stack.up()
    stack.wait_for_output("The stack runs:")
    yield stack
    stack.press_ctrl_c()
    stack.wait()
    assert stack.processes() == []
