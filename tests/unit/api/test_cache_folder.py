"""The cache's files: what is written where, what is read back, and what is removed."""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from mnist_api.model.version import Version
from mnist_api.registry.active_record import ActiveRecord, LastActive
from mnist_api.registry.cache import Cache
from mnist_api.registry.stored_files import load, write

SERVER = "http://mlflow:5000"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def version(number: int) -> Version:
    content = b"%d" % number
    return Version("digits", str(number), None, 0.98, hashlib.sha256(content).hexdigest())


def fetch(wanted: Version) -> bytes:
    return wanted.id.encode()


def accept(_: bytes) -> None:
    """Accept every model."""


def activate(cache: Cache, *numbers: int) -> None:
    for number in numbers:
        cache.obtain(version(number), fetch, accept)
        cache.record_active(version(number))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path, "digits", server=SERVER)


def test_the_folder_of_a_model_has_the_documented_files(tmp_path: Path) -> None:
    activate(Cache(tmp_path, "../a.b"), 1)
    activate(Cache(tmp_path, "../a.b", "blue"), 1)
    folder = tmp_path / "%2E%2E%2Fa%2Eb"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock",
        ".trial.lock",
        "1",
        "in-service-blue.json",
        "in-service.json",
        "trials.json",
    ]
    assert (folder / "1" / "model.onnx").read_bytes() == b"1"
    record = msgspec.json.decode((folder / "in-service.json").read_bytes())
    assert record["server"] == ""
    description = msgspec.json.decode((folder / "1" / "version.json").read_bytes())
    assert description == msgspec.to_builtins(version(1))


def test_a_version_has_a_folder_whatever_its_name_is(cache: Cache, tmp_path: Path) -> None:
    odd = Version("digits", "../1.0", None, None, hashlib.sha256(b"../1.0").hexdigest())
    assert cache.obtain(odd, fetch, accept) == cache.read(odd) == b"../1.0"
    assert (tmp_path / "digits" / "%2E%2E%2F1%2E0").is_dir()


def test_a_missing_or_damaged_file_is_not_read(cache: Cache, tmp_path: Path) -> None:
    assert cache.read(version(1)) is None
    activate(cache, 1)
    assert cache.read(version(1)) == b"1"
    (tmp_path / "digits" / "1" / "model.onnx").write_bytes(b"2")
    assert cache.read(version(1)) is None


def test_the_versions_are_listed_by_when_they_were_active(cache: Cache, tmp_path: Path) -> None:
    assert cache.versions() == []
    activate(cache, 1, 3, 2)
    for age, number in enumerate((2, 3, 1)):
        os.utime(tmp_path / "digits" / str(number), (0, 1000 - age))
    assert cache.versions() == [version(2), version(3), version(1)]
    (tmp_path / "digits" / "3" / "version.json").write_bytes(b"{")
    assert cache.versions() == [version(2), version(1)]
    assert Cache(tmp_path, "digits", server="http://another").versions() == []
    assert Cache(tmp_path, "digits", "blue", server=SERVER).versions() == []


def test_the_active_version_and_the_three_before_it_are_kept(cache: Cache, tmp_path: Path) -> None:
    activate(cache, 5)
    for number in (4, 3, 2, 1):
        activate(cache, number)
        for age, old in enumerate((number, *range(number + 1, 6))):
            folder = tmp_path / "digits" / str(old)
            if folder.is_dir():
                os.utime(folder, (0, 1000 - age))
    assert cache.versions() == [version(number) for number in (1, 2, 3, 4)]
    os.utime(tmp_path / "digits" / "4", (0, 0))
    cache.record_active(version(4))  # becomes the most recent one
    assert cache.versions()[0] == version(4)
    assert len(cache.versions()) == 4


def test_the_active_version_is_kept_even_if_its_folder_is_the_oldest(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3, 4, 5):
        cache.obtain(version(number), fetch, accept)
        os.utime(tmp_path / "digits" / str(number), (0, 1000 + number))
    monkeypatch.setattr(os, "utime", lambda _: None)  # a file system without times
    cache.record_active(version(1))
    kept = sorted(path.name for path in (tmp_path / "digits").iterdir() if path.is_dir())
    assert kept == ["1", "3", "4", "5"]


def test_a_version_is_active_since_the_first_worker_recorded_it(cache: Cache) -> None:
    before = datetime.now(UTC)
    since = cache.record_active(version(1))
    assert before <= since <= datetime.now(UTC)
    assert since.utcoffset() == timedelta(0)
    assert cache.record_active(version(1)) == since
    assert cache.last_active() == LastActive(version(1), since, SERVER, ())
    later = cache.record_active(version(2))
    assert later > since
    assert cache.last_active() == LastActive(version(2), later, SERVER, ("1",))


def test_the_record_keeps_the_ids_of_eight_earlier_versions(tmp_path: Path) -> None:
    record = ActiveRecord(tmp_path / "record.json", SERVER)
    last = None
    for number in range(1, 11):
        record.write(version(number), NOON, last)
        last = record.read()
    assert last == LastActive(version(10), NOON, SERVER, tuple("98765432"))
    former = LastActive(version(1), NOON)  # a file of a former version
    record.write(version(2), NOON, former)
    assert record.read() == LastActive(version(2), NOON, SERVER, ("1",))


RECORDS: list[tuple[tuple[str, ...] | None, list[bool]]] = [
    (None, [True, True, True]),
    ((), [True, False, False]),
    (("2",), [True, True, False]),
]


@pytest.mark.parametrize(("earlier", "known"), RECORDS)
def test_a_record_knows_the_versions_that_were_active(
    earlier: tuple[str, ...] | None, known: list[bool]
) -> None:
    last = LastActive(version(1), NOON, SERVER, earlier)
    assert [last.knows(version(number)) for number in (1, 2, 3)] == known


@pytest.mark.parametrize(("server", "is_read"), [(None, True), (SERVER, True), ("x", False)])
def test_a_record_of_another_server_is_not_read(
    tmp_path: Path, server: str | None, is_read: bool
) -> None:
    path = tmp_path / "record.json"
    assert ActiveRecord(path, SERVER).read() is None
    path.write_bytes(msgspec.json.encode(LastActive(version(1), NOON, server)))
    assert (ActiveRecord(path, SERVER).read() is not None) == is_read


@pytest.mark.parametrize("content", [b"", b"{", b"[7]", b'"\xff"', b'["a"]'])
def test_an_invalid_file_is_not_loaded(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert load(tmp_path / "a.json", dict[str, int]) is None


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path / "a.json", b'{"a": 1}')
    write(tmp_path / "a.json", b'{"b": 2}')
    assert load(tmp_path / "a.json", dict[str, int]) == {"b": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


FAILURES: list[tuple[str, type[OSError], Callable[[Path], object]]] = [
    ("a", IsADirectoryError, Path.mkdir),  # a folder has its name
    ("missing/a", FileNotFoundError, lambda _: None),
]


@pytest.mark.parametrize(("name", "kind", "prepare"), FAILURES)
def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, name: str, kind: type[OSError], prepare: Callable[[Path], object]
) -> None:
    prepare(tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(kind) as raised:
        write(tmp_path / name, b"content")
    assert raised.value.__context__ is None  # no second error when it is removed
    assert sorted(tmp_path.rglob("*")) == before
