"""The trials of a search, which several searchers share and any of them may leave.

They lie in a journal of Optuna's, a file that searchers append to: among its storages the one for
processes that share files. Locks say who runs what, so that a trial whose searcher was killed is
done again by whoever looks next.
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
from mnist_trainer.search.locks import BEST, STUDY, Claims, JournalLock, of_trial

UNPRUNED = 5  # trials that go on to their end before others are compared with their median
DONE = (TrialState.COMPLETE, TrialState.PRUNED)
RUNNING = (TrialState.RUNNING,)


class StudyError(TrainerError):
    """A study's file cannot be used; names it."""


class Study:
    """A study that is open in this searcher."""

    def __init__(self, name: str, study: optuna.Study, claims: Claims) -> None:
        self.name = name
        self._study, self._claims = study, claims

    def recall(self, key: str) -> Any:
        """Return what a searcher has noted, None where none has."""
        return self._study.user_attrs.get(key)

    def note(self, key: str, value: Any) -> None:
        """Note something, as JSON has it, for all searchers."""
        self._study.set_user_attr(key, value)

    def enqueue(self, drawn: Mapping[str, Any]) -> None:
        """Have a trial made of these settings before any others are drawn."""
        self._study.enqueue_trial(dict(drawn))

    def begin(self, most: int, space: Mapping[str, BaseDistribution], seed: int) -> Trial | None:
        """Begin a trial, or return None where ``most`` are done or under way.

        What is drawn follows from the seed, from how many trials were begun before and from what
        is known of them: an interrupted search goes on as it would have gone, and two searchers
        never draw alike.
        """
        with self.alone():
            before = len(self._in((*DONE, *RUNNING)))
            if before >= most:
                return None
            own = int(np.random.SeedSequence([seed, before]).generate_state(1)[0])
            self._study.sampler = optuna.samplers.TPESampler(seed=own)
            trial = self._study.ask(dict(space))
            self._claims.take(of_trial(trial.number))
            return trial

    def end(self, trial: Trial, accuracy: float | None) -> None:
        """Note what a trial came to, None where it was pruned."""
        state = TrialState.PRUNED if accuracy is None else TrialState.COMPLETE
        self._study.tell(trial, accuracy, state=state)
        self._claims.free(of_trial(trial.number))

    def take_back(self) -> list[FrozenTrial]:
        """Enqueue again the trials whose searchers are gone, and return what is left of them."""
        with self.alone():
            lost = [each for each in self._in(RUNNING) if self._is_left(each)]
            for trial in lost:
                if drawn := trial.system_attrs.get("fixed_params", {}) | trial.params:
                    self.enqueue(drawn)
                self._study.tell(trial.number, state=TrialState.FAIL)
        return lost

    def count(self) -> int:
        """Return how many trials are done, the pruned ones included."""
        return len(self._in(DONE))

    def best(self) -> FrozenTrial:
        """Return the trial of the highest accuracy; there is one as soon as a trial is done."""
        return self._study.best_trial

    def is_shared(self) -> bool:
        """Tell whether another searcher runs a trial or trains the best recipe."""
        with self.alone():
            left = all(self._is_left(each) for each in self._in(RUNNING))
            return not left or self.is_best_taken()

    def is_best_taken(self) -> bool:
        """Tell whether another searcher trains the best recipe."""
        return not self._claims.is_free(BEST)

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Wait for every other searcher in such a block, of which the trials are chosen."""
        return self._claims.held(STUDY)

    def alone_with_best(self) -> contextlib.AbstractContextManager[None]:
        """Wait for every other searcher in such a block, in which the best recipe is trained."""
        return self._claims.held(BEST)

    def _in(self, states: tuple[TrialState, ...]) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states)

    def _is_left(self, trial: FrozenTrial) -> bool:
        return self._claims.is_free(of_trial(trial.number))


@contextlib.contextmanager
def open_study(folder: Path, name: str, epochs: int) -> Iterator[Study]:
    """Open the study ``name`` in ``folder``, or begin it; its trials are of ``epochs``.

    Raises StudyError.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file, locks = folder / f"{name}.journal", folder / f"{name}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claims = Claims(locks)
    except OSError as error:
        raise StudyError(f"{error.filename} cannot be written: {error.strerror}.") from error
    with contextlib.closing(claims):
        yield Study(name, _load(file, name, epochs, claims), claims)


def _load(file: Path, name: str, epochs: int, claims: Claims) -> optuna.Study:
    lock: Any = JournalLock(claims)  # has what the base class has, which Optuna does not export
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
