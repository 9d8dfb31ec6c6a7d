"""Searches as several processes run them: killed, stopped, resumed, at once, without a server."""

import contextlib
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mnist_trainer.search.locks import JOURNAL, STUDY, FileLocks
from mnist_trainer.settings import Settings
from support.servers.tracking import tracking_server
from support.trainer.commands import Command, ended, sentence
from support.trainer.searches import TINY, runs_of, versions_of

pytestmark = pytest.mark.slow

LONG = [each for each in TINY if "epochs" not in each] + ["--epochs=40", "--retrain-epochs=1"]


def await_epochs(models: str, written: int = 0) -> int:
    """Wait for the third epoch of a trial begun after ``written`` bytes; return the bytes now."""
    journal = Path(models) / "searches" / "quick.journal"
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if journal.is_file() and '"step":3,' in journal.read_text()[written:]:
            return len(journal.read_text())
        time.sleep(0.05)
    pytest.fail("No third epoch")


def freeze(process: subprocess.Popen[str], models: str) -> None:
    """Halt a searcher while it holds no lock but its trial's."""
    with contextlib.closing(FileLocks(Path(models) / "searches" / "quick.lock")) as locks:
        while True:
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.05)
            if locks.is_free(JOURNAL) and locks.is_free(STUDY):
                return
            process.send_signal(signal.SIGCONT)


def test_a_searcher_that_is_killed_or_stopped_loses_its_trial_alone(
    start: Command, settings: Settings, environment: dict[str, str], client: MlflowClient
) -> None:
    """And another that waits for it does its trial again."""
    killed = start(*LONG, "--trials=1")
    written = await_epochs(environment["MODELS_DIR"])
    freeze(killed, environment["MODELS_DIR"])

    stopped = start(*LONG, "--trials=1")
    assert stopped.stdout
    assert any(line.startswith("Waiting") for line in stopped.stdout)
    killed.kill()
    await_epochs(environment["MODELS_DIR"], written)
    stopped.send_signal(signal.SIGINT)
    out, err = ended(stopped, 130)
    assert sentence(err) == "Stopped by SIGINT.\n"
    assert "was interrupted; it is repeated" in out
    assert "the same command continues it" in out
    experiment = client.get_experiment_by_name(settings.experiment)
    assert experiment
    states = {run.info.status for run in client.search_runs([experiment.experiment_id])}
    assert states == {"KILLED"}  # both trials and the search

    out, err = ended(start(*LONG, "--trials=1"), 0)
    assert err == ""
    parent, trials, (trained,) = runs_of(settings, client)
    assert [run.info.status for run in trials] == ["KILLED", "KILLED", "FINISHED"]
    assert len({run.data.params["learning_rate"] for run in trials}) == 1
    assert (parent.info.status, trained.info.status) == ("FINISHED", "FINISHED")
    assert len(versions_of(settings, client)) == 1


def test_two_searchers_share_the_trials_and_one_trains_the_best(
    start: Command, settings: Settings, client: MlflowClient
) -> None:
    both = [start(*TINY, "--trials=9") for _ in range(2)]
    said = [ended(each, 0) for each in both]
    assert [err for _, err in said] == ["", ""]
    shares = [re.findall(r"^Trial +(\d+)", out, re.MULTILINE) for out, _ in said]
    assert sorted(int(number) for share in shares for number in share) == list(range(9))
    assert all(shares)
    parent, trials, (trained,) = runs_of(settings, client)
    assert {run.info.status for run in (parent, *trials, trained)} == {"FINISHED"}
    assert len(trials) == 9
    assert len({run.data.params["learning_rate"] for run in trials}) == 9
    assert len(versions_of(settings, client)) == 1
    assert sorted("trained already" in out for out, _ in said) == [False, True]


def test_a_server_that_goes_away_ends_the_search_in_a_sentence_and_it_can_be_resumed(
    start: Command, settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    with tracking_server(tmp_path) as server:
        search = start(*LONG, "--trials=1", MLFLOW_TRACKING_URI=server.url)
        await_epochs(environment["MODELS_DIR"])
    out, err = ended(search, 2)
    assert "No tracking server answers" in sentence(err)
    assert "the same command continues it" in out
    with tracking_server(tmp_path) as server:
        _, err = ended(start(*LONG, "--trials=1", MLFLOW_TRACKING_URI=server.url), 0)
        assert err == ""
        client = MlflowClient(tracking_uri=server.url, registry_uri=server.url)
        parent, trials, _ = runs_of(settings, client)
        assert [run.info.status for run in (parent, *trials)] == ["FINISHED", "KILLED", "FINISHED"]
