"""Searches of several searchers that share nothing but a database of Postgres."""

import re
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mnist_trainer.search.database import Database
from mnist_trainer.search.space import search_space
from mnist_trainer.search.storage import StudyError
from mnist_trainer.search.study import open_study
from mnist_trainer.settings import Settings
from mnist_trainer.training.recipes import RECIPES
from support.processes import free_port, wait_until
from support.servers.postgres import PASSWORD, Postgres
from support.trainer.commands import SECONDS, Command, ended, sentence
from support.trainer.searches import TINY, runs_of, versions_of

TRIALS = 4
EPOCHS = 15
LONG = [*TINY, f"--epochs={EPOCHS}", f"--trials={TRIALS}"]


@pytest.fixture
def variables(database: Database, tmp_path: Path) -> dict[str, str]:
    """The variables that let a searcher into the database."""
    (tmp_path / "password").write_text(PASSWORD)
    return {
        "OPTUNA_STORAGE": database.url,
        "OPTUNA_PASSWORD_FILE": str(tmp_path / "password"),
    }


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
        trial = two.start_trial(TRIALS, search_space(RECIPES["quick"]), 0)
        assert trial
        assert trial.number == 0
        assert not two.is_best_locked()


def test_a_database_that_is_away_and_a_wrong_password_are_named_and_no_password_is(
    database: Database,
) -> None:
    away = replace(database, url=f"postgresql+psycopg2://optuna:hidden@127.0.0.1:{free_port()}/a")
    for wrong, reason in (
        (away, "Connection refused"),
        (replace(database, password="guessed"), "password authentication failed"),  # noqa: S106
        (Database(f"{database.url}?password=guessed", ""), "password authentication failed"),
        (replace(database, url=f"{database.url}s"), 'database "optunas" does not exist'),
    ):
        with pytest.raises(StudyError, match=reason) as refusal, open_study(wrong, "a", 2):
            pass
        assert "OPTUNA_STORAGE and OPTUNA_PASSWORD_FILE" in str(refusal.value)
        assert not {"hidden", "guessed"} & set(re.findall(r"\w+", str(refusal.value)))


def test_tables_of_another_version_are_refused_in_a_sentence(
    database: Database, databases: Postgres
) -> None:
    databases.sql("create database former owner optuna")
    former = replace(database, url=database.url.removesuffix("optuna") + "former")
    with open_study(former, "first", 2):
        databases.sql("update alembic_version set version_num = 'v0'", "former")
    with (
        pytest.raises(StudyError, match="has tables of another version of Optuna"),
        open_study(former, "second", 2),
    ):
        pass


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
