"""The folders of unsent trainings: whole or not there, one process at a time, oldest first."""

import os
import signal
from pathlib import Path

import pytest

from mnist_trainer.pipeline import outbox as unsent
from mnist_trainer.pipeline.outbox import UnsentError
from mnist_trainer.signals import Stopped
from mnist_trainer.tracking.health import ServerError


def write(folder: Path) -> None:
    (folder / "network").write_text("trained")


def keep_unsent(models: Path, name: str) -> Path:
    with pytest.raises(ServerError), unsent.keep(models, name, write):
        raise ServerError("Away.")
    return models / "unsent" / name


def test_a_folder_stays_until_the_block_has_gone_well(tmp_path: Path) -> None:
    with unsent.keep(tmp_path, "run", write):
        assert (tmp_path / "unsent" / "run" / "network").read_text() == "trained"
    assert not list((tmp_path / "unsent").iterdir())
    folder = keep_unsent(tmp_path, "run")
    with pytest.raises(ServerError), unsent.take_up(folder):
        raise ServerError("Away again.")
    assert (folder / "network").read_text() == "trained"
    with unsent.take_up(folder):
        pass
    assert not list((tmp_path / "unsent").iterdir())


@pytest.mark.parametrize("error", [OSError(28, "Disk full"), Stopped(signal.SIGINT)])
def test_what_is_written_by_half_is_never_seen(tmp_path: Path, error: BaseException) -> None:
    def write_half(folder: Path) -> None:
        write(folder)
        assert unsent.list_unsent(tmp_path) == []
        raise error

    with pytest.raises((UnsentError, Stopped)), unsent.keep(tmp_path, "run", write_half):
        pytest.fail("nothing was kept")
    assert not list((tmp_path / "unsent").iterdir())


@pytest.mark.parametrize("error", [ServerError("Away."), Stopped(signal.SIGTERM)])
def test_what_is_raised_says_where_the_training_is_and_what_sends_it(
    tmp_path: Path, error: BaseException
) -> None:
    told = str(error)
    with pytest.raises(type(error)) as raised, unsent.keep(tmp_path, "run", write):
        raise error
    assert str(raised.value) == (
        f"{told} The trained network is safe in {tmp_path}/unsent/run; "
        "the command `resume-upload` sends it."
    )


def test_a_surprise_says_it_below_its_trace(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as raised, unsent.keep(tmp_path, "run", write):
        print(1 // 0)
    assert "`resume-upload` sends it" in raised.value.__notes__[0]


def check_claimed(folder: Path) -> None:
    busy = pytest.raises(UnsentError, match="is being sent by another process")
    with busy, unsent.take_up(folder):
        pytest.fail("two have it")
    assert folder.exists()


def test_one_process_at_a_time_has_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "unsent" / "run"
    with unsent.keep(tmp_path, "run", write):  # the lock came with it when it was renamed
        check_claimed(folder)
    folder = keep_unsent(tmp_path, "run")
    with unsent.take_up(folder):
        check_claimed(folder)


def test_the_oldest_is_listed_first(tmp_path: Path) -> None:
    assert unsent.list_unsent(tmp_path) == []
    folders = [keep_unsent(tmp_path, name) for name in ("b", "a", "c")]
    for age, folder in enumerate(reversed(folders)):
        os.utime(folder, (age, age))
    (tmp_path / "unsent" / "file").touch()
    assert unsent.list_unsent(tmp_path) == folders[::-1]
