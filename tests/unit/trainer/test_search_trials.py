"""How the processes of a search write to the run that they share."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from mnist_trainer.search import trials
from mnist_trainer.training.recipes import RECIPES


def test_one_process_at_a_time_writes_the_best_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server refuses one of two that write a tag which is not there yet."""
    held, written = [False], []

    @contextlib.contextmanager
    def exclusive() -> Iterator[None]:
        held[0] = True
        yield
        held[0] = False

    study = SimpleNamespace(
        requeue_abandoned=list,
        count=lambda: len(written),
        start_trial=lambda *_: "a trial",
        best=lambda: SimpleNamespace(value=0.9, number=4),
        exclusive=exclusive,
    )
    parent = SimpleNamespace(
        set_status=lambda _: None, log_best=lambda *best: written.append((held[0], *best))
    )
    config = SimpleNamespace(recipe=RECIPES["quick"], trials=1, seed=0)
    worker = SimpleNamespace(config=config, study=study, parent=parent)
    monkeypatch.setattr(trials, "_run_trial", lambda *_: None)
    trials.run_trials(worker, None)  # type: ignore[arg-type] # fakes
    assert written == [(True, 0.9, 4, 0)]
