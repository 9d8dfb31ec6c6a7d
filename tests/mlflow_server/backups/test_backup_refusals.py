"""Archives that are damaged, handmade or newer are refused before anything is written."""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from support.archives import cut, flip, flip_contents, handmade, read_contents
from support.servers.backups import SECRET, Stores, refusals, stores
from support.servers.postgres import Postgres

IN_USE = "A backup, a restore or another collection is going on. Wait for its end, and try again.\n"
NEWER = ("a newer format", "a newer schema")


def test_every_archive_that_is_not_as_it_was_written_is_refused_with_a_sentence(
    archive: Path, tmp_path: Path
):
    whole = archive.read_bytes()
    damaged = cut(whole) | flip(whole) | flip_contents(whole) | handmade(whole)
    for name, content in damaged.items():
        (tmp_path / name.replace("/", "|")).write_bytes(content)
    (tmp_path / "whole").write_bytes(whole)
    found = refusals(tmp_path)
    assert len(found) == len(damaged) + 1 > 200
    assert [name for name, error in found.items() if error is None] == ["whole"]
    assert all("\n" not in error and error.endswith(".") for error in found.values() if error)
    newer = {name for name, error in found.items() if error and "a newer one made it" in error}
    assert newer >= set(NEWER)
    sparse = {name for name, error in found.items() if error and error.endswith("is sparse.")}
    assert len(sparse) == 3, sparse


def test_a_damaged_archive_leaves_no_file(archive: Path, tmp_path: Path):
    (tmp_path / "cut").write_bytes(archive.read_bytes()[:-1])
    target = stores(tmp_path / "target")
    code, said = target.restore(tmp_path / "cut")
    assert code == 1
    assert said.startswith("The archive is damaged, or incomplete: ")
    assert said.count("\n") == 1
    assert target.is_empty()


def test_stores_with_data_are_kept_unless_they_are_to_be_replaced(
    filled: Stores, archive: Path, tmp_path: Path
):
    """A replacement that is killed keeps the data, and the next one replaces it."""
    target = changed_copy(filled, tmp_path / "target")
    database, artifacts = target.database.read_bytes(), target.artifact_files()
    code, said = target.restore(archive)
    assert code == 1
    assert "The stack has data already (2 model_versions, 1 registered_models, 2 runs" in said
    with stopped_at_last_artifact(target, archive, "--replace") as process:
        said = target.collect()
        kill(process)
    assert said == IN_USE
    assert target.database.read_bytes() == database
    assert target.artifact_files().items() >= artifacts.items()
    code, said = target.restore(archive, "--replace")
    assert code == 0, said
    assert target.artifact_files() == filled.artifact_files()
    assert not list(target.folder.glob("mlflow.db?*")), "nothing is left of the first one"
    assert read_versions(target) == read_versions(filled) != []
    assert read(target, "SELECT * FROM users") == [("admin", SECRET)], "accounts are kept"


def test_a_restore_is_undone_when_its_terminal_is_closed_whatever_signals_follow(
    archive: Path, tmp_path: Path
):
    """Beginning with the last artifact, when all the others are stored."""
    target = stores(tmp_path / "target")
    with stopped_at_last_artifact(target, archive) as process:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):  # as `make restore` sends
            process.send_signal(number)
    said = process.communicate()[1].decode()
    assert process.returncode == 128 + signal.SIGHUP
    assert "Traceback" not in said
    assert target.is_empty()


def test_a_restore_that_is_killed_leaves_no_version_and_the_next_one_succeeds(
    filled: Stores, archive: Path, tmp_path: Path
):
    target = stores(tmp_path / "target")
    with stopped_at_last_artifact(target, archive) as process:
        kill(process)
    assert not target.database.exists()
    assert target.restore(archive)[0] == 0
    assert target.artifact_files() == filled.artifact_files()
    assert read_versions(target) == read_versions(filled)


def test_nothing_is_collected_during_a_restore_into_postgres_or_a_backup_of_it(
    archive: Path, database: Postgres, tmp_path: Path
):
    database.sql("CREATE DATABASE restored")
    target = stores(tmp_path / "target", **database.settings("restored", tmp_path / "credentials"))
    with stopped_at_last_artifact(target, archive) as process:
        said = target.collect()
        kill(process)
    assert said == IN_USE
    assert target.restore(archive)[0] == 0
    with stopped_in_its_middle(target):
        assert target.collect() == IN_USE


def test_nothing_is_restored_or_collected_during_a_backup(
    filled: Stores, archive: Path, tmp_path: Path
):
    shutil.copytree(filled.folder, tmp_path / "busy")
    busy = stores(tmp_path / "busy")
    with stopped_in_its_middle(busy):
        code, said = busy.restore(archive, "--replace")
        assert busy.collect() == IN_USE
    assert code == 1
    assert said.startswith("The stack runs, or a backup, a collection or a restore does.")
    assert said.count("\n") == 1


def changed_copy(filled: Stores, folder: Path) -> Stores:
    """Return other stores: with a version less, and artifacts more, less and changed."""
    shutil.copytree(filled.folder, folder)
    copy = stores(folder)
    with closing(sqlite3.connect(copy.database)) as connection, connection:
        connection.execute("UPDATE model_versions SET version = version + 7")
    first, second, *_ = (path for path in copy.artifact_files() if path.endswith(".onnx"))
    (copy.artifacts / first).write_bytes(b"changed")
    (copy.artifacts / second).unlink()
    (copy.artifacts / "1" / "another").mkdir()
    (copy.artifacts / "1" / "another" / "file").write_bytes(b"of a run that the archive lacks")
    return copy


@contextmanager
def stopped_at_last_artifact(
    target: Stores, archive: Path, *options: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a restore that waits at its last artifact, which is a pipe, until the block ends."""
    last = target.artifacts / list(read_contents(archive))[-1].partition("/")[2]
    content = last.read_bytes() if last.exists() else None
    last.parent.mkdir(parents=True, exist_ok=True)
    last.unlink(missing_ok=True)
    os.mkfifo(last)
    process = target.start("restore", *options, stdin=archive, stdout=subprocess.DEVNULL)
    pipe = os.open(last, os.O_WRONLY)  # returns when the restore opens the pipe
    yield process
    os.close(pipe)
    last.unlink()
    if content is not None:
        last.write_bytes(content)


@contextmanager
def stopped_in_its_middle(source: Stores) -> Iterator[None]:
    """Start a backup that waits, as nobody reads its output, and kill it when the block ends."""
    (source.artifacts / "1" / "large").write_bytes(os.urandom(1 << 20))
    process = source.start("create", stdin=None, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        assert process.stdout.read(1)
        yield
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def read_versions(stores: Stores) -> list[tuple[object, ...]]:
    return read(stores, "SELECT * FROM model_versions ORDER BY version")


def read(stores: Stores, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(stores.database)) as connection:
        return list(connection.execute(query))
