"""Stores with all that a stack records, and an archive of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.servers.backups import Stores, filled_stores
from support.servers.postgres import Postgres, find_programs, postgres


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """Stores on SQLite."""
    return filled_stores(tmp_path_factory.mktemp("filled #1"))


@pytest.fixture(scope="session")
def archive(filled: Stores, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the filled stores."""
    path = tmp_path_factory.mktemp("archive") / "archive.tar.gz"
    assert filled.create(path)[0] == 0
    return path


@pytest.fixture(scope="session")
def database() -> Iterator[Postgres]:
    """A Postgres, where it is installed."""
    programs = find_programs()
    if programs is None:
        pytest.skip("no Postgres on this machine")
    with postgres(programs) as running:
        yield running
