"""One stack for all tests of a run: built, brought up on empty volumes, always taken down."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from composed import Stack
from mlflow import MlflowClient

QUICK = "--recipe quick --epochs 4"  # 4 s instead of a minute, and well above the gate's floor
FIGURES: list[str] = []
RUNNING: list[Stack] = []


@pytest.fixture(scope="session")
def figures() -> list[str]:
    """Lines that are printed at the end of the run."""
    return FIGURES


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, figures: list[str]) -> Iterator[Stack]:
    stack = Stack("mnist-compose-test", tmp_path_factory.mktemp("stack"), TRAIN_ARGS=QUICK)
    stack.remove()  # what a run that was killed left
    RUNNING.append(stack)
    try:
        begun = time.monotonic()
        stack.do("build")
        figures.append(f"images built in {time.monotonic() - begun:.0f} s")
        figures.append(f"`up` on empty volumes, 4 epochs: {stack.up()}")
        yield stack
    finally:
        RUNNING.remove(stack)
        stack.remove()


@pytest.fixture(scope="session")
def registry(stack: Stack) -> MlflowClient:
    mlflow.set_tracking_uri(stack.mlflow_url)
    return MlflowClient()


@pytest.fixture
def in_service(registry: MlflowClient) -> str:
    """The number of the version that carries the alias before the test."""
    return str(registry.get_model_version_by_alias("mnist-classifier", "Production").version)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that containers, which run as a user of their own, may read."""
    for each in (tmp_path, *tmp_path.parents[:2]):
        each.chmod(0o755)
    return tmp_path


def pytest_configure() -> None:
    signal.signal(signal.SIGTERM, stop)


def stop(*_: object) -> None:
    """End the run as Ctrl-C does: whatever is up is taken down."""
    raise KeyboardInterrupt


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.failed:
        for stack in RUNNING:
            report.sections.append((f"state of {stack.project}", stack.state()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("figures")
    for figure in FIGURES:
        terminalreporter.write_line(figure)
