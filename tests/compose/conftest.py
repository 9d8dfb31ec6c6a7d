"""One stack for all tests: built, started on empty volumes, removed in the end."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from support.stacks.compose import QUICK, STARTED, Stack, started

MEASUREMENTS: list[str] = []


@pytest.fixture(scope="session")
def measurements() -> list[str]:
    """Lines to print at the end of the test run."""
    return MEASUREMENTS


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, measurements: list[str]) -> Stack:
    """A stack that is not started, whose images every stack uses."""
    stack = Stack("mnist-compose-test", tmp_path_factory.mktemp("stack"), TRAIN_ARGS=QUICK)
    begin = time.monotonic()
    stack.build()
    measurements.append(f"images built in {time.monotonic() - begin:.0f} s")
    return stack


@pytest.fixture(scope="session")
def stack(built: Stack, measurements: list[str]) -> Iterator[Stack]:
    def up() -> None:
        measurements.append(f"`up` on empty volumes, 4 epochs: {built.up()}")

    with started(built, up):
        yield built


@pytest.fixture(scope="session")
def registry(stack: Stack) -> MlflowClient:
    mlflow.set_tracking_uri(stack.mlflow_url)
    return MlflowClient()


@pytest.fixture
def production_version(registry: MlflowClient) -> str:
    """The version that has the alias Production before the test."""
    return str(registry.get_model_version_by_alias("mnist-classifier", "Production").version)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that the containers' user may read."""
    for each in (tmp_path, *tmp_path.parents[:2]):
        each.chmod(0o755)
    return tmp_path


def pytest_configure() -> None:
    signal.signal(signal.SIGTERM, stop)


def stop(*_: object) -> None:
    """End the test run like Ctrl-C, so that the stacks are removed."""
    raise KeyboardInterrupt


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.failed:
        for stack in STARTED:
            report.sections.append((f"state of {stack.project}", stack.state()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("measurements")
    for line in MEASUREMENTS:
        terminalreporter.write_line(line)
