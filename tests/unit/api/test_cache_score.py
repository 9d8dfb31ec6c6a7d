"""The files of a version beside its network, in the cache folder: each is kept like the score."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from msgspec.structs import replace

from mnist_api.model.version import Version
from mnist_api.registry.cache import Cache
from mnist_api.registry.stored_files import locked
from mnist_api.registry.version_folders import DamagedError
from support.model_source import VERSION, Source

NAME, SCORE = "digit_score.npz", b"a score"
SCORED = replace(VERSION, score_sha256=hashlib.sha256(SCORE).hexdigest())


def returning(content: bytes, fetched: list[Version]) -> Callable[[Version, str], bytes]:
    def fetch(version: Version, name: str) -> bytes:
        assert name in (NAME, "drift_reference.json")
        fetched.append(version)
        return content

    return fetch


def test_a_version_without_a_score_fetches_none(tmp_path: Path) -> None:
    fetched: list[Version] = []
    assert Cache(tmp_path, "digits").obtain_extra(VERSION, NAME, returning(SCORE, fetched)) is None
    assert fetched == []


def test_a_score_is_fetched_once_beside_the_network(tmp_path: Path) -> None:
    fetched: list[Version] = []
    cache = Cache(tmp_path, "digits")
    network = Source().obtain(cache, SCORED)
    for _ in range(2):
        assert cache.obtain_extra(SCORED, NAME, returning(SCORE, fetched)) == SCORE
    assert fetched == [SCORED]
    assert (tmp_path / "digits" / "1" / "digit_score.npz").read_bytes() == SCORE
    assert cache.read(SCORED) == network


def test_a_damaged_score_is_fetched_again(tmp_path: Path) -> None:
    fetched: list[Version] = []
    cache = Cache(tmp_path, "digits")
    cache.obtain_extra(SCORED, NAME, returning(SCORE, fetched))
    (tmp_path / "digits" / "1" / "digit_score.npz").write_bytes(b"another")
    assert cache.obtain_extra(SCORED, NAME, returning(SCORE, fetched)) == SCORE
    assert fetched == [SCORED, SCORED]


def test_a_score_that_was_not_registered_is_refused(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "digits")
    with pytest.raises(DamagedError, match="its tag is"):
        cache.obtain_extra(SCORED, NAME, returning(b"another", []))
    assert not (tmp_path / "digits" / "1" / "digit_score.npz").exists()


def test_a_score_is_not_stored_while_another_worker_removes_old_versions(tmp_path: Path) -> None:
    fetched: list[Version] = []
    cache = Cache(tmp_path, "digits")
    given = SCORED, NAME, returning(SCORE, fetched)
    worker = Thread(target=cache.obtain_extra, args=given)
    with locked(tmp_path / "digits" / ".lock"):
        worker.start()
        worker.join(0.2)
        assert fetched == []
    worker.join()
    assert fetched == [SCORED]


def test_a_score_is_used_where_the_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = Cache(tmp_path / "file", "digits")
    assert cache.obtain_extra(SCORED, NAME, returning(SCORE, [])) == SCORE


def test_a_score_and_a_drift_reference_are_kept_side_by_side(tmp_path: Path) -> None:
    cache, reference = Cache(tmp_path, "digits"), b"a reference"
    both = replace(SCORED, reference_sha256=hashlib.sha256(reference).hexdigest())
    assert cache.obtain_extra(SCORED, "drift_reference.json", returning(reference, [])) is None
    for _ in range(2):
        assert cache.obtain_extra(both, NAME, returning(SCORE, [])) == SCORE
        found = cache.obtain_extra(both, "drift_reference.json", returning(reference, []))
        assert found == reference
    assert (tmp_path / "digits" / "1" / "drift_reference.json").read_bytes() == reference
