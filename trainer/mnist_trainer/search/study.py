"""An Optuna study that several processes share, each of which may end at any moment.

Its storage is Optuna's journal, a file to which the processes append. Locks tell who runs which
trial, so that the trial of a killed process is repeated by another one.

Not Optuna's RDBStorage on SQLite, by measurement: two processes that open a new study at once fail
to create its tables, run a tenth trial of nine and draw the same parameters, so the locks would be
needed as well; its heartbeats take a suspended process for a dead one; and it stores a trial of 20
epochs in 0.76 s, the journal in 0.03 s.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from mnist_trainer.errors import TrainerError
from mnist_trainer.search.locks import BEST, STUDY, JournalLock, Locks, trial_byte

UNPRUNED = 5  # trials that are completed before others are compared with their median
DONE = (TrialState.COMPLETE, TrialState.PRUNED)
RUNNING = (TrialState.RUNNING,)


class StudyError(TrainerError):
    """A study's file cannot be used; names it."""


class Study:
    """An open study."""

    def __init__(self, name: str, study: optuna.Study, locks: Locks) -> None:
        self.name = name
        self._study, self._locks = study, locks

    def get_attribute(self, key: str) -> Any:
        """Return a stored attribute, None where there is none."""
        return self._study.user_attrs.get(key)

    def set_attribute(self, key: str, value: Any) -> None:
        """Store an attribute of JSON's types for all processes."""
        self._study.set_user_attr(key, value)

    def enqueue(self, params: Mapping[str, Any]) -> None:
        """Make these parameters a trial before others are sampled."""
        self._study.enqueue_trial(dict(params))

    def start_trial(
        self, limit: int, space: Mapping[str, BaseDistribution], seed: int
    ) -> Trial | None:
        """Start a trial, or return None where ``limit`` trials are done or running.

        The sampled parameters depend on the seed, on the number of trials started before and on
        their results: an interrupted search continues as without the interruption, and two
        processes never sample the same.
        """
        with self.exclusive():
            before = len(self._list((*DONE, *RUNNING)))
            if before >= limit:
                return None
            trial_seed = int(np.random.SeedSequence([seed, before]).generate_state(1)[0])
            self._study.sampler = optuna.samplers.TPESampler(seed=trial_seed)
            trial = self._study.ask(dict(space))
            self._locks.acquire(trial_byte(trial.number))
            return trial

    def end_trial(self, trial: Trial, accuracy: float | None) -> None:
        """Store the result of a trial, None where it was pruned."""
        state = TrialState.PRUNED if accuracy is None else TrialState.COMPLETE
        self._study.tell(trial, accuracy, state=state)
        self._locks.release(trial_byte(trial.number))

    def requeue_abandoned(self) -> list[FrozenTrial]:
        """Enqueue the parameters of trials whose processes ended, and return these trials."""
        with self.exclusive():
            abandoned = [each for each in self._list(RUNNING) if self._is_abandoned(each)]
            for trial in abandoned:
                if params := trial.system_attrs.get("fixed_params", {}) | trial.params:
                    self.enqueue(params)
                self._study.tell(trial.number, state=TrialState.FAIL)
        return abandoned

    def count(self) -> int:
        """Return the number of trials that are done, pruned ones included."""
        return len(self._list(DONE))

    def best(self) -> FrozenTrial:
        """Return the trial of the highest accuracy; at least one trial must be done."""
        return self._study.best_trial

    def is_shared(self) -> bool:
        """Return whether another process runs a trial or trains the best recipe."""
        with self.exclusive():
            abandoned = all(self._is_abandoned(each) for each in self._list(RUNNING))
            return not abandoned or self.is_best_locked()

    def is_best_locked(self) -> bool:
        """Return whether another process trains the best recipe."""
        return not self._locks.is_free(BEST)

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """Return a lock for choosing trials."""
        return self._locks.held(STUDY)

    def exclusive_best(self) -> contextlib.AbstractContextManager[None]:
        """Return a lock for training the best recipe."""
        return self._locks.held(BEST)

    def _list(self, states: tuple[TrialState, ...]) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)

    def _is_abandoned(self, trial: FrozenTrial) -> bool:
        return self._locks.is_free(trial_byte(trial.number))


@contextlib.contextmanager
def open_study(folder: Path, name: str, epochs: int) -> Iterator[Study]:
    """Open the study ``name`` in ``folder``, or create it; a trial has ``epochs``.

    Raises StudyError.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file, lock_file = folder / f"{name}.journal", folder / f"{name}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        locks = Locks(lock_file)
    except OSError as error:
        raise StudyError(f"{error.filename} cannot be written: {error.strerror}.") from error
    with contextlib.closing(locks):
        yield Study(name, _load(file, name, epochs, locks), locks)


def _load(file: Path, name: str, epochs: int, locks: Locks) -> optuna.Study:
    lock: Any = JournalLock(locks)  # Optuna does not export its base class
    pruner = optuna.pruners.MedianPruner(UNPRUNED, n_warmup_steps=epochs // 3)
    try:
        storage = JournalStorage(JournalFileBackend(str(file), lock))
        return optuna.create_study(
            storage=storage,
            pruner=pruner,
            study_name=name,
            direction="maximize",
            load_if_exists=True,
        )
    except OSError as error:
        raise StudyError(f"{file} cannot be written: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(
            f"{file} is damaged: {error}. Remove it, or name another study with --study."
        ) from error
