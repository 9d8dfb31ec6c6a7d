"""The outbox: folders complete or absent, one process at a time, oldest first."""

import os
import signal
from pathlib import Path

import pytest

from mnist_trainer.pipeline import outbox
from mnist_trainer.pipeline.outbox import OutboxError
from mnist_trainer.signals import Stopped
from mnist_trainer.tracking.health import ServerError


def write(folder: Path) -> None:
    (folder / "network").write_text("trained")


def keep_unsent(models: Path, name: str) -> Path:
    with pytest.raises(ServerError), outbox.store(models, name, write):
        raise ServerError("Away.")
    return models / "unsent" / name


def test_a_folder_stays_until_the_block_has_gone_well(tmp_path: Path) -> None:
    with outbox.store(tmp_path, "run", write):
        assert (tmp_path / "unsent" / "run" / "network").read_text() == "trained"
    assert not list((tmp_path / "unsent").iterdir())
    folder = keep_unsent(tmp_path, "run")
    with pytest.raises(ServerError), outbox.lock_folder(folder):
        raise ServerError("Away again.")
    assert (folder / "network").read_text() == "trained"
    with outbox.lock_folder(folder):
        pass
    assert not list((tmp_path / "unsent").iterdir())


@pytest.mark.parametrize("error", [OSError(28, "Disk full"), Stopped(signal.SIGINT)])
def test_what_is_written_by_half_is_never_seen(tmp_path: Path, error: BaseException) -> None:
    def write_half(folder: Path) -> None:
        write(folder)
        assert outbox.list_folders(tmp_path) == []
        raise error

    with pytest.raises((OutboxError, Stopped)), outbox.store(tmp_path, "run", write_half):
        pytest.fail("nothing was kept")
    assert not list((tmp_path / "unsent").iterdir())


@pytest.mark.parametrize("error", [ServerError("Away."), Stopped(signal.SIGTERM)])
def test_an_error_names_where_the_training_is_and_what_sends_it(
    tmp_path: Path, error: BaseException
) -> None:
    message = str(error)
    with pytest.raises(type(error)) as raised, outbox.store(tmp_path, "run", write):
        raise error
    assert str(raised.value) == (
        f"{message} The trained model is stored in {tmp_path}/unsent/run; "
        "the command `resume-upload` sends it."
    )


def test_a_surprise_says_it_below_its_trace(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as raised, outbox.store(tmp_path, "run", write):
        print(1 // 0)
    assert "`resume-upload` sends it" in raised.value.__notes__[0]


def check_locked(folder: Path) -> None:
    busy = pytest.raises(OutboxError, match="is being sent by another process")
    with busy, outbox.lock_folder(folder):
        pytest.fail("two have it")
    assert folder.exists()


def test_one_process_at_a_time_has_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "unsent" / "run"
    with outbox.store(tmp_path, "run", write):  # the lock came with it when it was renamed
        check_locked(folder)
    folder = keep_unsent(tmp_path, "run")
    with outbox.lock_folder(folder):
        check_locked(folder)


def test_the_oldest_is_listed_first(tmp_path: Path) -> None:
    assert outbox.list_folders(tmp_path) == []
    folders = [keep_unsent(tmp_path, name) for name in ("b", "a", "c")]
    for age, folder in enumerate(reversed(folders)):
        os.utime(folder, (age, age))
    (tmp_path / "unsent" / "file").touch()
    assert outbox.list_folders(tmp_path) == folders[::-1]
