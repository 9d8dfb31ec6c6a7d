"""The outbox, MODELS_DIR/unsent: one folder a training, until all of it is on the server."""

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


class OutboxError(TrainerError):
    """A folder cannot be used, or another process has locked it; the message says which."""


def prepare(models_dir: Path) -> None:
    """Create the outbox; raises OutboxError where it cannot be written."""
    with _translate_errors(models_dir):
        (models_dir / NAME).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=models_dir / NAME).close()


def list_folders(models_dir: Path) -> list[Path]:
    """Return the folders of trainings that are not sent, the oldest first; raises OutboxError."""
    if not (models_dir / NAME).exists():
        return []
    with _translate_errors(models_dir):
        found = [each for each in (models_dir / NAME).iterdir() if each.name[0] != "."]
    return sorted((each for each in found if each.is_dir()), key=_modified_at)


@contextlib.contextmanager
def store(models_dir: Path, name: str, write: Callable[[Path], None]) -> Iterator[None]:
    """Have ``write`` fill a folder ``name``; remove it when the block ends without an exception.

    It is written under another name and renamed, so that it is complete or absent, also after a
    power cut. Raises OutboxError; an exception of the block gets a sentence with the folder.
    """
    folder = models_dir / NAME / name
    with contextlib.ExitStack() as lock:
        with _translate_errors(models_dir):
            _write_and_rename(folder, write, lock)
        stored = f"The trained model is stored in {folder}; the command `resume-upload` sends it."
        with extend_errors(stored):
            yield
        _remove(folder)


@contextlib.contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock a stored folder; remove it when the block ends without an exception.

    Raises OutboxError; an exception of the block gets a sentence that the folder stays.
    """
    with _lock(folder), extend_errors(f"{folder} stays as it is."):
        yield
        _remove(folder)


@contextlib.contextmanager
def extend_errors(sentence: str) -> Iterator[None]:
    """Add ``sentence`` to the message of an exception of the block, or to its notes."""
    try:
        yield
    except (TrainerError, Stopped) as error:
        error.args = (f"{error} {sentence}",)
        raise
    except Exception as error:
        error.add_note(sentence)
        raise


def _write_and_rename(
    folder: Path, write: Callable[[Path], None], lock: contextlib.ExitStack
) -> None:
    temporary = folder.with_name(f".{folder.name}")
    temporary.mkdir(parents=True)
    try:
        lock.enter_context(_lock(temporary))  # stays locked when the folder is renamed
        write(temporary)
        for each in (*temporary.iterdir(), temporary):
            _sync(each)
        temporary.replace(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Lock ``folder`` for this process; the system releases the lock when the process ends."""
    with _translate_errors(folder.parent.parent):
        lock = (folder / "lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutboxError(f"{folder} is being sent by another process just now.") from None
        if not folder.exists():
            raise OutboxError(f"{folder} was sent by another process just now.")
        yield


def _remove(folder: Path) -> None:
    temporary = folder.with_name(f".{folder.name}")
    with _translate_errors(folder.parent.parent):
        folder.replace(temporary)
        shutil.rmtree(temporary)


def _modified_at(folder: Path) -> float:
    return folder.stat().st_mtime if folder.exists() else 0.0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _translate_errors(models_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutboxError(
            f"MODELS_DIR is {models_dir}, and {error.filename or 'a file there'} cannot be used: "
            f"{error.strerror}."
        ) from None
