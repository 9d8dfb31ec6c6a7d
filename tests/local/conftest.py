"""Stacks for the tests: a fresh one for each, and the state of one that has been trained."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from running import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "state")
    yield stack
    if stack.make and stack.make.poll() is None:
        stack.make.terminate()
        stack.make.wait(60)


@pytest.fixture(scope="session")
def trained_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a first version in Production, for stacks that are to start quickly."""
    stack = Stack(tmp_path_factory.mktemp("trained") / "state")
    stack.up()
    try:
        stack.wait_until_said("The stack runs:")
    finally:
        stack.press_ctrl_c()
        stack.wait()
    return stack.state
