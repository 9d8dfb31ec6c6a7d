"""Searchers that lose the connection of their locks: another one may do the same work."""

from dataclasses import replace
from typing import Any

import pytest
from mlflow import MlflowClient
from optuna.trial import Trial

from mnist_trainer.evaluation.gate import Decision
from mnist_trainer.pipeline.train import train
from mnist_trainer.search import run as search
from mnist_trainer.search.database import Database
from mnist_trainer.search.space import recipe_to_params, search_space
from mnist_trainer.search.storage import StudyError
from mnist_trainer.search.study import Study, open_study
from mnist_trainer.settings import Settings
from mnist_trainer.training.recipes import RECIPES
from support.servers.postgres import Postgres
from support.trainer.searches import command, versions_of

QUICK = RECIPES["quick"]


def begin(study: Study) -> Trial:
    trial = study.start_trial(4, search_space(QUICK), 0)
    assert trial
    return trial


def end_connection(databases: Postgres) -> None:
    """End the connection of the only process that holds a lock."""
    held = databases.sql("select pid from pg_locks where locktype = 'advisory'")
    databases.sql(f"select pg_terminate_backend({held}, 20000)")


def test_a_searcher_that_lost_its_connection_cannot_end_the_trial_that_another_repeats(
    database: Database, databases: Postgres
) -> None:
    def lose_connection() -> None:
        with open_study(database, "lost", 2) as study:
            study.enqueue(recipe_to_params(QUICK))
            trial = begin(study)
            assert other.requeue_abandoned() == []
            end_connection(databases)
            assert [each.number for each in other.requeue_abandoned()] == [trial.number]
            repeated = begin(other)
            assert repeated.params == trial.params
            other.end_trial(repeated, 0.5)
            study.end_trial(trial, 0.9)

    with open_study(database, "lost", 2) as other:
        with pytest.raises(StudyError, match="of the search failed: "):
            lose_connection()
        assert (other.count(), other.best().value) == (1, 0.5)


def test_a_report_of_a_trial_that_another_repeats_is_refused_in_a_sentence(
    database: Database,
) -> None:
    def report_late() -> None:
        with open_study(database, "refused", 2) as study:
            trial = begin(study)
            study.requeue_abandoned()  # as another one does: a process finds its own locks free
            trial.report(0.5, 1)

    with pytest.raises(StudyError, match="lost this searcher, whose work another one repeats"):
        report_late()


@pytest.mark.slow
def test_the_best_is_registered_only_while_nobody_else_may_train_it(
    settings: Settings,
    client: MlflowClient,
    database: Database,
    databases: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the connection ends later, the search has succeeded nevertheless."""

    def lose_and_train(*arguments: Any) -> Decision:
        end_connection(databases)
        return train(*arguments)

    def train_and_lose(*arguments: Any) -> Decision:
        decision = train(*arguments)
        end_connection(databases)
        return decision

    shared = replace(settings, optuna_storage=database.url, optuna_password=database.password)
    monkeypatch.setattr(search, "train", lose_and_train)
    with pytest.raises(StudyError, match="of the search failed: "):
        command(shared, "--trials=1", "--study=best")
    assert versions_of(settings, client) == []
    monkeypatch.setattr(search, "train", train_and_lose)
    assert command(shared, "--trials=1", "--study=best") == 0
    assert len(versions_of(settings, client)) == 1
