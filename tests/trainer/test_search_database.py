"""Searches of several searchers that share nothing but a database of Postgres."""

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from optuna.trial import Trial

from mnist_trainer.search.database import Database
from mnist_trainer.search.space import recipe_to_params, search_space
from mnist_trainer.search.storage import StudyError
from mnist_trainer.search.study import Study, open_study
from mnist_trainer.settings import Settings
from mnist_trainer.training.recipes import RECIPES
from support.processes import free_port, wait_until
from support.servers.postgres import PASSWORD, Postgres, find_programs, postgres
from support.trainer.commands import SECONDS, Command, ended, sentence
from support.trainer.searches import TINY, runs_of, versions_of

TRIALS = 4
EPOCHS = 15
LONG = [*TINY, f"--epochs={EPOCHS}", f"--trials={TRIALS}"]
QUICK = RECIPES["quick"]
SPACE = search_space(QUICK)


@pytest.fixture(scope="module")
def databases() -> Iterator[Postgres]:
    programs = find_programs()
    if programs is None:
        pytest.skip("no Postgres on this machine: install the package postgresql")
    with postgres(programs) as started:
        started.sql(f"create role optuna login password '{PASSWORD}'")
        started.sql("create database optuna owner optuna")
        yield started


@pytest.fixture
def database(databases: Postgres) -> Database:
    """A database with Optuna's tables."""
    url = f"postgresql+psycopg2://optuna@127.0.0.1:{databases.port}/optuna"
    with open_study(opened := Database(url, PASSWORD), "tables", 2):
        return opened


@pytest.fixture
def variables(database: Database, tmp_path: Path) -> dict[str, str]:
    """The variables that let a searcher into the database."""
    (tmp_path / "password").write_text(PASSWORD)
    return {
        "OPTUNA_STORAGE": database.url,
        "OPTUNA_PASSWORD_FILE": str(tmp_path / "password"),
    }


def begin(study: Study) -> Trial:
    trial = study.start_trial(TRIALS, SPACE, 0)
    assert trial
    return trial


def test_a_searcher_that_lost_its_connection_cannot_end_the_trial_that_another_repeats(
    database: Database, databases: Postgres
) -> None:
    def lose_connection() -> None:
        with open_study(database, "lost", 2) as study:
            study.enqueue(recipe_to_params(QUICK))
            trial = begin(study)
            assert other.requeue_abandoned() == []
            held = databases.sql("select pid from pg_locks where locktype = 'advisory'")
            databases.sql(f"select pg_terminate_backend({held}, 20000)")
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

    with pytest.raises(StudyError, match="lost this searcher, whose trial another one repeats"):
        report_late()


def test_searchers_that_open_an_empty_database_at_once_create_its_tables_once(
    database: Database, databases: Postgres
) -> None:
    databases.sql("create database empty owner optuna")
    empty = replace(database, url=database.url.removesuffix("optuna") + "empty")

    def enter(_: int) -> str:
        with open_study(empty, "first", 2) as study:
            return study.name

    with ThreadPoolExecutor() as searchers:
        assert list(searchers.map(enter, range(4))) == ["first"] * 4


def test_studies_of_one_database_do_not_wait_for_each_other(database: Database) -> None:
    with (
        open_study(database, "one", 2) as one,
        open_study(database, "two", 2) as two,
        one.exclusive(),
        one.exclusive_best(),
    ):
        assert begin(two).number == 0
        assert not two.is_best_locked()


def test_a_database_that_is_away_and_a_wrong_password_are_named_and_no_password_is(
    database: Database,
) -> None:
    away = replace(database, url=f"postgresql+psycopg2://optuna:hidden@127.0.0.1:{free_port()}/a")
    for wrong, reason in (
        (away, "Connection refused"),
        (replace(database, password="guessed"), "password authentication failed"),  # noqa: S106
        (replace(database, url=f"{database.url}s"), 'database "optunas" does not exist'),
    ):
        with pytest.raises(StudyError, match=reason) as refusal, open_study(wrong, "a", 2):
            pass
        assert "OPTUNA_STORAGE and OPTUNA_PASSWORD_FILE" in str(refusal.value)
        assert not {"hidden", "guessed"} & set(re.findall(r"\w+", str(refusal.value)))


@pytest.mark.slow
def test_the_command_refuses_a_wrong_password_before_it_trains(
    start: Command, variables: dict[str, str]
) -> None:
    Path(variables["OPTUNA_PASSWORD_FILE"]).write_text("guessed")
    out, err = ended(start(*LONG, **variables), 2)
    assert "password authentication failed" in sentence(err)
    assert out == ""


@pytest.mark.slow
def test_of_three_searchers_one_is_killed_and_the_others_repeat_its_trial(
    start: Command,
    settings: Settings,
    client: MlflowClient,
    databases: Postgres,
    variables: dict[str, str],
) -> None:
    """While it is suspended, nobody takes its trial."""

    def count(condition: str) -> int:
        epochs = f"select count(*) from trial_intermediate_values where {condition}"  # noqa: S608
        return int(databases.sql(epochs, "optuna"))

    def searcher(folder: str) -> subprocess.Popen[str]:
        return start(*LONG, **variables, MODELS_DIR=f"{settings.models_dir}/{folder}")

    killed = searcher("first")
    wait_until(lambda: count("step = 3") > 0, SECONDS)
    killed.send_signal(signal.SIGSTOP)
    others = [searcher("second"), searcher("third")]
    wait_until(lambda: count(f"step = {EPOCHS}") > 0, SECONDS)
    states = "select state from trials join studies using (study_id) where study_name = 'quick'"
    assert databases.sql(f"{states} and number = 0", "optuna") == "RUNNING"
    killed.kill()
    said = [ended(each, 0) for each in others]

    assert [err for _, err in said] == ["", ""]
    assert sum(out.count("  0  was interrupted; it is repeated") for out, _ in said) == 1
    assert sorted("trained already" in out for out, _ in said) == [False, True]
    ends = Counter(databases.sql(states, "optuna").split())
    assert ends.pop("FAIL") == 1
    assert sum(ends.values()) == TRIALS
    assert ends.keys() <= {"COMPLETE", "PRUNED"}
    parent, trials, (trained,) = runs_of(settings, client)
    assert (parent.info.status, trained.info.status) == ("FINISHED", "FINISHED")
    assert [run.info.status for run in trials] == ["KILLED", *["FINISHED"] * TRIALS]
    rates = Counter(run.data.params["learning_rate"] for run in trials)
    assert rates.pop(trials[0].data.params["learning_rate"]) == 2
    assert len(rates) == TRIALS - 1
    (version,) = versions_of(settings, client)
    promoted = client.get_model_version_by_alias(settings.model_name, "Production")
    assert (version.run_id, promoted.version) == (trained.info.run_id, version.version)
