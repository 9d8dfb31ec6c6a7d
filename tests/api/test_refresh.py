"""How patient it is with versions that are no good, and what it keeps."""

import hashlib
import logging
from pathlib import Path

import pytest
from networks import digit_network

from mnist_api.model.active import Serving
from mnist_api.model.version import Version
from mnist_api.registry.cache import KEPT, Cache
from mnist_api.registry.mlflow_client import RegistryError
from mnist_api.registry.poller import Refresh

CONTENTS = {str(number): digit_network(number) for number in range(10)}


def version(number: int, sha256: str | None = None) -> Version:
    digest = sha256 or hashlib.sha256(CONTENTS[str(number)]).hexdigest()
    return Version("digits", str(number), f"run-{number}", 0.98, digest)


class Shelf:
    """Stands in for the registry: names a version, hands out files, counts."""

    def __init__(self) -> None:
        self.wanted: Version | None = None
        self.away = False
        self.fetched: list[str] = []

    def find(self) -> Version | None:
        if self.away:
            raise RegistryError("The registry is away")
        return self.wanted

    def fetch(self, wanted: Version) -> bytes:
        self.fetched.append(wanted.version)
        return CONTENTS[wanted.version]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path, "digits")


@pytest.fixture
def serving() -> Serving:
    return Serving()


@pytest.fixture
def refresh(serving: Serving, shelf: Shelf, cache: Cache) -> Refresh:
    return Refresh(serving, shelf, cache, 30)  # type: ignore[arg-type] # our own seam


def test_a_bad_version_is_not_fetched_at_every_question(
    refresh: Refresh, serving: Serving, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.wanted = version(1)
    refresh.look()
    shelf.wanted = version(2, sha256="0" * 64)
    for _ in range(20):
        refresh.look()
    assert shelf.fetched == ["1", "2"]
    assert caplog.text.count("Version 2 stays out") == 1
    assert serving.require().version == version(1)
    shelf.wanted = version(2)  # its tag was put right
    refresh.look()
    assert serving.require().version == version(2)


def test_an_absence_is_logged_once_and_so_is_the_return(
    refresh: Refresh, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shelf.wanted = version(1)
    refresh.look()
    shelf.away = True
    for _ in range(5):
        refresh.look()
    shelf.away = False
    for _ in range(5):
        refresh.look()
    assert caplog.text.count("away") == 1
    assert caplog.text.count("agree again") == 1


def test_a_registry_that_names_nothing_changes_nothing(
    refresh: Refresh, serving: Serving, shelf: Shelf
) -> None:
    shelf.wanted = version(1)
    refresh.look()
    shelf.wanted = None
    refresh.look()
    assert serving.require().version == version(1)


def test_old_versions_are_removed_but_not_the_one_in_service(
    refresh: Refresh, serving: Serving, shelf: Shelf, cache: Cache
) -> None:
    for number in (1, 2, 3, 4, 5, 6, 2):
        shelf.wanted = version(number)
        refresh.look()
    kept = {one.version for one in cache.versions()}
    assert len(kept) == KEPT
    assert {"2", "6"} <= kept
    assert cache.read(serving.require().version) == CONTENTS["2"]


def test_a_number_given_anew_to_another_network_is_fetched_anew(
    refresh: Refresh, serving: Serving, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registry that was emptied counts from 1 again."""
    shelf.wanted = version(1)
    refresh.look()
    monkeypatch.setitem(CONTENTS, "1", digit_network(8))
    shelf.wanted = version(1)
    refresh.look()
    assert shelf.fetched == ["1", "1"]
    assert serving.require().version.sha256 == hashlib.sha256(digit_network(8)).hexdigest()
