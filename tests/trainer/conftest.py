"""A real tracking server for all tests, and a model name of its own for each.

Run from the repository's root, with the trainer-test environment's Python and PYTHONPATH=trainer:
python -m pytest tests/trainer
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mnist_trainer import library_logging
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.data.images import LabelledImages

library_logging.configure(os.environ)  # before any test imports MLflow or TensorFlow

from mlflow import MlflowClient  # noqa: E402 - only after the line above

from mnist_trainer.evaluation import robustness  # noqa: E402 - the same
from mnist_trainer.reporting import artifacts, plots  # noqa: E402 - the same
from mnist_trainer.search.database import Database  # noqa: E402 - the same
from mnist_trainer.search.study import open_study  # noqa: E402 - the same
from mnist_trainer.settings import Settings, read_settings  # noqa: E402 - the same
from support.processes import ROOT  # noqa: E402 - the same
from support.servers.postgres import (  # noqa: E402 - the same
    PASSWORD,
    Postgres,
    find_programs,
    postgres,
)
from support.servers.tracking import tracking_server  # noqa: E402 - the same
from support.trainer.commands import Command  # noqa: E402 - the same


def pytest_configure(config: pytest.Config) -> None:
    for allowed in (
        # MLflow warns, when imported, of a type hint of its own
        "ignore:.*Any type hint is inferred as AnyType:UserWarning",
        # Keras copies its variables in a way that numpy 2 is going to drop
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning",
    ):
        config.addinivalue_line("filterwarnings", allowed)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a tracking server that all tests share."""
    with tracking_server(tmp_path_factory.mktemp("server")) as started:
        yield started.url


@pytest.fixture
def environment(server: str, tmp_path: Path) -> dict[str, str]:
    """The variables of a trainer whose experiment, model and folder no other test uses."""
    name = tmp_path.name.strip("_")
    return {
        "MLFLOW_TRACKING_URI": server,
        "MLFLOW_EXPERIMENT_NAME": name,
        "MODEL_NAME": name,
        "MODELS_DIR": str(tmp_path / "models"),
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return read_settings(environment, SHIPPED)


@pytest.fixture
def client(server: str) -> MlflowClient:
    return MlflowClient(tracking_uri=server, registry_uri=server)


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Command]:
    """Start `python -m mnist_trainer` as a user does; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start_command(*arguments: str, **changed: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "mnist_trainer", *arguments],
            cwd=ROOT / "trainer",
            env=os.environ | environment | changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start_command
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def databases() -> Iterator[Postgres]:
    """A Postgres with an empty database, and the account of searchers."""
    programs = find_programs()
    if programs is None:
        pytest.skip("no Postgres on this machine: install the package postgresql")
    with postgres(programs) as started:
        started.sql(f"create role optuna login password '{PASSWORD}'")
        started.sql("create database optuna owner optuna")
        yield started


@pytest.fixture
def database(databases: Postgres) -> Database:
    """A database with Optuna's tables."""
    url = f"postgresql+psycopg2://optuna@127.0.0.1:{databases.port}/optuna"
    with open_study(opened := Database(url, PASSWORD), "tables", 2):
        return opened


@pytest.fixture(autouse=True)
def small_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trainings in a test draw one plot, and measure robustness with 100 images.

    The rest would be half of the time of a small training. Fixtures of a module train before
    this one applies: test_train checks a complete report.
    """
    few = {"learning_curves": plots.PLOTS["learning_curves"]}
    monkeypatch.setattr(plots, "PLOTS", few)
    for measure in (robustness.measure_robustness, robustness.measure_corruptions):
        few_images = partial(_measure_few, measure)
        monkeypatch.setattr(artifacts, measure.__name__, few_images)


def _measure_few(measure: Callable[..., Any], predict: Any, test: LabelledImages) -> Any:
    return measure(predict, test.first(100))
