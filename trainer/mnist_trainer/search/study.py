"""An Optuna study that several processes share, each of which may end at any moment.

Its storage is a journal, for processes that share a folder, or a database that all reach. Locks
tell who runs which trial, so that the trial of a killed process is repeated by another one.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, Trial, TrialState

from mnist_trainer.search.database import Database, open_database
from mnist_trainer.search.locks import BEST, STUDY, Locks, trial_lock
from mnist_trainer.search.storage import open_journal

DONE = (TrialState.COMPLETE, TrialState.PRUNED)
RUNNING = (TrialState.RUNNING,)
WAITING = (TrialState.WAITING,)


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
        """Make these parameters a trial before others are sampled, unless they wait for one."""
        waiting = [each.system_attrs.get("fixed_params") for each in self._list(WAITING)]
        if dict(params) not in waiting:  # as a process left them that was killed after this
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
            self._locks.acquire(trial_lock(trial.number))
            return trial

    def end_trial(self, trial: Trial, accuracy: float | None) -> None:
        """Store the result of a trial, None where it was pruned."""
        state = TrialState.PRUNED if accuracy is None else TrialState.COMPLETE
        with self.exclusive():  # fails where the trial's lock is lost
            self._study.tell(trial, accuracy, state=state)
        self._locks.release(trial_lock(trial.number))

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

    def check_locks(self) -> None:
        """Fail where the locks of this process are lost with its connection."""
        with self.exclusive():
            pass

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """Return a lock for choosing trials."""
        return self._locks.held(STUDY)

    def exclusive_best(self) -> contextlib.AbstractContextManager[None]:
        """Return a lock for training the best recipe."""
        return self._locks.held(BEST)

    def _list(self, states: tuple[TrialState, ...]) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)

    def _is_abandoned(self, trial: FrozenTrial) -> bool:
        return self._locks.is_free(trial_lock(trial.number))


@contextlib.contextmanager
def open_study(location: Path | Database, name: str, epochs: int) -> Iterator[Study]:
    """Open the study ``name`` in a folder or a database, or create it; a trial has ``epochs``.

    Raises StudyError.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if isinstance(location, Database):
        opened = open_database(location, name, epochs)
    else:
        opened = open_journal(location, name, epochs)
    with opened as (study, locks):
        yield Study(name, study, locks)
