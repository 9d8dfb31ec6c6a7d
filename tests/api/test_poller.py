"""Retries for bad versions, log messages, and the versions kept in the cache."""

import hashlib
import logging
from pathlib import Path

import pytest

from mnist_api.model.active import ActiveModel, Desired
from mnist_api.model.version import Version
from mnist_api.registry.cache import Cache
from mnist_api.registry.mlflow_client import RegistryError
from mnist_api.registry.poller import Poller
from mnist_api.registry.version_folders import MAX_VERSIONS
from support.networks.dense import digit_network
from support.polled_fakes import FakeHistory

CONTENTS = {str(number): digit_network(number) for number in range(10)}


def version(number: int, sha256: str | None = None) -> Version:
    digest = sha256 or hashlib.sha256(CONTENTS[str(number)]).hexdigest()
    return Version("digits", str(number), f"run-{number}", 0.98, digest)


class FakeRegistry:
    """A fake registry: returns a desired version and files, and counts the calls."""

    has_asked = True

    def __init__(self) -> None:
        self.desired: Version | None = None
        self.away = False
        self.lost = ""  # a version without files
        self.fetched: list[str] = []

    def find(self) -> Version | None:
        if self.away:
            raise RegistryError("The registry is away")
        return self.desired

    def fetch(self, desired: Version) -> bytes:
        self.fetched.append(desired.id)
        if desired.id == self.lost:
            raise RegistryError("Its file cannot be fetched")
        return CONTENTS[desired.id]

    def fetch_extra(self, desired: Version, name: str) -> bytes:
        raise NotImplementedError  # these versions have no other files


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path, "digits")


@pytest.fixture
def active() -> ActiveModel:
    return ActiveModel()


@pytest.fixture
def poller(active: ActiveModel, registry: FakeRegistry, cache: Cache) -> Poller:
    return Poller(active, registry, cache, FakeHistory(), 30)  # type: ignore[arg-type] # our own seam


def test_a_bad_version_is_not_fetched_at_every_poll(
    poller: Poller, active: ActiveModel, registry: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    registry.desired = version(1)
    poller.poll()
    registry.desired = version(2, sha256="0" * 64)
    for _ in range(20):
        poller.poll()
    assert registry.fetched == ["1", "2"]
    assert caplog.text.count("Version 2 is not activated") == 1
    assert active.require().version == version(1)
    registry.desired = version(2)  # its tag was corrected
    poller.poll()
    assert active.require().version == version(2)


def test_the_difference_between_desired_and_active_is_reported(
    poller: Poller, active: ActiveModel, registry: FakeRegistry
) -> None:
    assert active.desired is None
    registry.lost = "2"
    for number in (1, 2, 1, 2):  # twice: a promotion after a rollback is reported at once
        registry.desired = version(number)
        poller.poll()
        assert active.require().version == version(1)
        assert active.desired == (
            Desired("1", "active")
            if number == 1
            else Desired("2", "failed", "Its file cannot be fetched")
        )
    registry.desired = None
    poller.poll()
    assert active.desired is None


def test_an_unreachable_registry_is_logged_once_and_so_is_its_return(
    poller: Poller, registry: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    registry.desired = version(1)
    poller.poll()
    registry.away = True
    for _ in range(5):
        poller.poll()
    registry.away = False
    for _ in range(5):
        poller.poll()
    assert caplog.text.count("away") == 1
    assert caplog.text.count("is active again") == 1


def test_without_a_desired_version_the_active_one_stays(
    poller: Poller, active: ActiveModel, registry: FakeRegistry
) -> None:
    registry.desired = version(1)
    poller.poll()
    registry.desired = None
    poller.poll()
    assert active.require().version == version(1)


def test_old_versions_are_removed_but_not_the_active_one(
    poller: Poller, active: ActiveModel, registry: FakeRegistry, cache: Cache
) -> None:
    for number in (1, 2, 3, 4, 5, 6, 2):
        registry.desired = version(number)
        poller.poll()
    kept = {one.id for one in cache.versions()}
    assert len(kept) == MAX_VERSIONS
    assert {"2", "6"} <= kept
    assert cache.read(active.require().version) == CONTENTS["2"]


def test_another_network_under_the_same_number_is_fetched(
    poller: Poller, active: ActiveModel, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry was reset, so that its versions start from 1 again."""
    registry.desired = version(1)
    poller.poll()
    monkeypatch.setitem(CONTENTS, "1", digit_network(8))
    registry.desired = version(1)
    poller.poll()
    assert registry.fetched == ["1", "1"]
    assert active.require().version.sha256 == hashlib.sha256(digit_network(8)).hexdigest()


def test_the_cache_of_another_alias_or_server_is_not_used(
    tmp_path: Path, registry: FakeRegistry
) -> None:
    """Two APIs may share the folder, and it may outlive a registry."""
    for alias, server, number in (("Production", "a", 1), ("Staging", "a", 2)):
        registry.desired = version(number)
        cache = Cache(tmp_path, "digits", alias, server)
        Poller(ActiveModel(), registry, cache, FakeHistory(), 30).poll()  # type: ignore[arg-type] # our own seam
    registry.away = True
    found = []
    for alias, server in (("Production", "a"), ("Staging", "a"), ("Production", "b"), ("X", "a")):
        active = ActiveModel()
        cache = Cache(tmp_path, "digits", alias, server)
        Poller(active, registry, cache, FakeHistory(), 30).poll()  # type: ignore[arg-type] # our own seam
        found.append(active.current.version.id if active.current else None)
    assert found == ["1", "2", None, None]
