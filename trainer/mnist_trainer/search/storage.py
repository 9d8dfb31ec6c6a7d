"""Opening a study in Optuna's journal, a file to which the processes of one machine append.

Not Optuna's RDBStorage on SQLite, by measurement: two processes that open a new study at once fail
to create its tables, run a tenth trial of nine and draw the same parameters, so the locks would be
needed as well; and it stores a trial of 20 epochs in 0.76 s, the journal in 0.03 s.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.storages.journal import JournalFileBackend, JournalStorage

from mnist_trainer.errors import TrainerError
from mnist_trainer.search.locks import FileLocks, JournalLock, Locks

UNPRUNED = 5  # trials that are completed before others are compared with their median


class StudyError(TrainerError):
    """The storage of a study cannot be used; names it."""


def load_study(storage: BaseStorage, name: str, epochs: int) -> optuna.Study:
    """Return the study ``name``, which is created if there is none; a trial has ``epochs``."""
    return optuna.create_study(
        storage=storage,
        pruner=optuna.pruners.MedianPruner(UNPRUNED, n_warmup_steps=epochs // 3),
        study_name=name,
        direction="maximize",
        load_if_exists=True,
    )


@contextlib.contextmanager
def open_journal(folder: Path, name: str, epochs: int) -> Iterator[tuple[optuna.Study, Locks]]:
    """Open a study in ``folder``, or create it. Raises StudyError."""
    file, lock_file = folder / f"{name}.journal", folder / f"{name}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        locks = FileLocks(lock_file)
    except OSError as error:
        raise StudyError(f"{error.filename} cannot be written: {error.strerror}.") from error
    with contextlib.closing(locks):
        yield _load_journal(file, name, epochs, locks), locks


def _load_journal(file: Path, name: str, epochs: int, locks: FileLocks) -> optuna.Study:
    lock: Any = JournalLock(locks)  # Optuna does not export its base class
    try:
        return load_study(JournalStorage(JournalFileBackend(str(file), lock)), name, epochs)
    except OSError as error:
        raise StudyError(f"{file} cannot be written: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(
            f"{file} is damaged: {error}. Remove it, or name another study with --study."
        ) from error
