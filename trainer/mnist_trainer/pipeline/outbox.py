"""The folders below MODELS_DIR/unsent: a training stays in its own until all of it is sent."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mnist_trainer.errors import TrainerError
from mnist_trainer.signals import Stopped

NAME = "unsent"


class UnsentError(TrainerError):
    """A folder cannot be used, or another process has it; the message says which."""


def prepare(models_dir: Path) -> None:
    """Raise UnsentError where nothing could be kept, before a training takes its time."""
    with _clear_errors(models_dir):
        (models_dir / NAME).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=models_dir / NAME).close()


def list_unsent(models_dir: Path) -> list[Path]:
    """Return the folder of each training that is not sent, the oldest first; raises UnsentError."""
    if not (models_dir / NAME).exists():
        return []
    with _clear_errors(models_dir):
        found = [each for each in (models_dir / NAME).iterdir() if each.name[0] != "."]
    return sorted((each for each in found if each.is_dir()), key=_find_age)


@contextlib.contextmanager
def keep(models_dir: Path, name: str, write: Callable[[Path], None]) -> Iterator[None]:
    """Let ``write`` fill a folder ``name``, which stays unless the block goes well.

    It is written aside and renamed, so that no half of it is ever seen, not after a power cut
    either. Raises UnsentError; what the block raises also says where the folder is.
    """
    folder = models_dir / NAME / name
    with contextlib.ExitStack() as claim:
        with _clear_errors(models_dir):
            _write_aside(folder, write, claim)
        left = f"The trained network is safe in {folder}; the command `resume-upload` sends it."
        with also_saying(left):
            yield
        _discard(folder)


@contextlib.contextmanager
def take_up(folder: Path) -> Iterator[None]:
    """Hold a folder that was kept, which stays unless the block goes well.

    Raises UnsentError; what the block raises also says that the folder stays.
    """
    with _claim(folder), also_saying(f"{folder} stays as it is."):
        yield
        _discard(folder)


@contextlib.contextmanager
def also_saying(sentence: str) -> Iterator[None]:
    """Add ``sentence`` to whatever the block raises."""
    try:
        yield
    except (TrainerError, Stopped) as error:
        error.args = (f"{error} {sentence}",)
        raise
    except Exception as error:
        error.add_note(sentence)
        raise


def _write_aside(folder: Path, write: Callable[[Path], None], claim: contextlib.ExitStack) -> None:
    aside = folder.with_name(f".{folder.name}")
    aside.mkdir(parents=True)
    try:
        claim.enter_context(_claim(aside))  # which stays with the folder when it is renamed
        write(aside)
        for each in (*aside.iterdir(), aside):
            _sync(each)
        aside.replace(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


@contextlib.contextmanager
def _claim(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process alone, however it may end."""
    with _clear_errors(folder.parent.parent):
        lock = (folder / "lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnsentError(f"{folder} is being sent by another process just now.") from None
        if not folder.exists():
            raise UnsentError(f"{folder} was sent by another process just now.")
        yield


def _discard(folder: Path) -> None:
    aside = folder.with_name(f".{folder.name}")
    with _clear_errors(folder.parent.parent):
        folder.replace(aside)
        shutil.rmtree(aside)


def _find_age(folder: Path) -> float:
    return folder.stat().st_mtime if folder.exists() else 0.0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _clear_errors(models_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnsentError(
            f"MODELS_DIR is {models_dir}, and {error.filename or 'a file there'} cannot be used: "
            f"{error.strerror}."
        ) from None
