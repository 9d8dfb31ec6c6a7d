"""Obtaining a version's file: it is fetched, checked and tried once, and results are kept."""

import hashlib
import threading
import time
from pathlib import Path

import pytest

from mnist_api.model.onnx_model import ModelRefusedError
from mnist_api.model.version import Version
from mnist_api.registry.cache import Cache
from mnist_api.registry.version_folders import DamagedError
from support.model_source import CONTENT, SHA256, VERSION, Source


def test_a_file_is_fetched_and_tried_once(cache: Cache, source: Source) -> None:
    assert not cache.has_accepted(VERSION)
    assert source.obtain(cache) == CONTENT
    assert (source.fetched, source.tried) == ([VERSION], [CONTENT])
    assert cache.has_accepted(VERSION)
    assert source.obtain(cache) == CONTENT
    assert source.counts() == (1, 1)


def test_a_damaged_file_is_fetched_again_but_not_tried_again(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    source.obtain(cache)
    (tmp_path / "digits" / "1" / "model.onnx").write_bytes(b"damaged")
    assert source.obtain(cache) == CONTENT
    assert source.counts() == (2, 1)
    assert cache.read(VERSION) == CONTENT


def test_a_file_without_a_trial_is_tried_but_neither_fetched_nor_stored_again(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    """As after an update of ONNX Runtime."""
    source.obtain(cache)
    (tmp_path / "digits" / "trials.json").unlink()
    stored = (tmp_path / "digits" / "1" / "model.onnx").stat()
    restarted = Cache(tmp_path, "digits")
    assert source.obtain(restarted) == CONTENT
    assert source.counts() == (1, 2)
    assert (tmp_path / "digits" / "1" / "model.onnx").stat() == stored


def test_a_file_without_a_checksum_is_not_fetched(cache: Cache, source: Source) -> None:
    with pytest.raises(DamagedError) as raised:
        source.obtain(cache, Version("digits", "1", None, 0.98, None))
    assert str(raised.value) == "it has no valid tag sha256, so its file can't be checked"
    assert source.counts() == (0, 0)


def test_another_file_is_neither_tried_nor_stored(cache: Cache, tmp_path: Path) -> None:
    source = Source(b"another")
    with pytest.raises(DamagedError) as raised:
        source.obtain(cache)
    digest = hashlib.sha256(b"another").hexdigest()
    assert str(raised.value) == f"its file's sha256 is {digest}, but its tag is {SHA256}"
    assert source.counts() == (1, 0)
    assert not (tmp_path / "digits" / "1").exists()


def test_a_refusal_is_kept_for_the_next_start(cache: Cache, tmp_path: Path) -> None:
    source = Source(error=ModelRefusedError("it is too slow"))
    for each in (cache, cache, Cache(tmp_path, "digits")):
        with pytest.raises(ModelRefusedError, match=r"^it is too slow$"):
            source.obtain(each)
    assert source.counts() == (1, 1)
    assert not cache.has_accepted(VERSION)
    assert not (tmp_path / "digits" / "1").exists()


def test_an_incomplete_trial_has_no_result(cache: Cache) -> None:
    source = Source(error=TimeoutError())
    for _ in range(2):
        with pytest.raises(TimeoutError):
            source.obtain(cache)
    assert source.counts() == (2, 2)


@pytest.mark.parametrize("error", [None, ModelRefusedError("no")])
def test_two_workers_share_one_trial(tmp_path: Path, error: Exception | None) -> None:
    source, others = Source(error=error), Source(error=error)
    may_end, results = threading.Event(), []

    def try_slowly(content: bytes) -> None:
        second.start()
        time.sleep(0.05)  # the second waits at the lock meanwhile
        Cache(tmp_path, "digits").record_active(VERSION)  # which waits for no trial
        may_end.set()
        source.try_model(content)

    def obtain_second() -> None:
        try:
            results.append(others.obtain(Cache(tmp_path, "digits")))
        except ModelRefusedError:
            results.append(None)

    second = threading.Thread(target=obtain_second)
    try:
        Cache(tmp_path, "digits").obtain(VERSION, source.fetch, try_slowly)
    except ModelRefusedError:
        assert error
    second.join()
    assert may_end.is_set()
    assert results == [None if error else CONTENT]
    assert others.counts() == (0, 0)


def test_an_accepted_version_does_not_wait_for_the_trial_of_another(
    cache: Cache, source: Source, tmp_path: Path
) -> None:
    source.obtain(cache)
    results = []

    def try_slowly(_: bytes) -> None:
        restarted = Cache(tmp_path, "digits")
        again = threading.Thread(target=lambda: results.append(source.obtain(restarted)))
        again.start()
        again.join(1)
        assert results == [CONTENT]

    cache.obtain(Version("digits", "2", None, None, SHA256), source.fetch, try_slowly)
