"""compose/search.yaml: searchers of one study, of which one is killed while it runs a trial."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from mlflow import MlflowClient

from support.processes import wait_until
from support.stacks.compose import Stack, check_hardened, docker

STUDY = "composed"
TRIALS = 9
SHORT = f"--study {STUDY} --recipe quick --epochs 30 --retrain-epochs 1 --limit 2000 --floor 0"
OVERLAY = {
    "COMPOSE_FILE": "compose.yaml:compose/search.yaml",
    "SEARCH_ARGS": f"{SHORT} --trials {TRIALS}",
}
PSQL = ("exec", "-T", "postgres", "psql", "--tuples-only", "--no-align", "--username=mlflow")
AS_SEARCHER = """
import os, pathlib, psycopg2
password = pathlib.Path(os.environ["OPTUNA_PASSWORD_FILE"]).read_text()
with psycopg2.connect(host="postgres", user="optuna", password=password, dbname="mlflow") as mlflow:
    try:
        mlflow.cursor().execute("select * from runs")
    except psycopg2.errors.InsufficientPrivilege as error:
        print(error)
"""


@pytest.fixture(scope="module")
def searchers(stack: Stack) -> Iterator[list[str]]:
    """The containers of three searchers; the stack is without the overlay in the end."""
    stack.do("up", "--detach", "--scale", "searcher=3", "searcher", **OVERLAY)
    yield stack.do("ps", "--all", "--quiet", "searcher", **OVERLAY).split()
    stack.do("rm", "--force", "--stop", "searcher", "optuna-database", **OVERLAY)
    stack.up()
    docker("network", "rm", f"{stack.project}_searches")
    for name in ("optuna-password", "mlflow-trainer-password"):
        docker("volume", "rm", f"{stack.project}_{name}")


def test_two_searchers_make_up_for_a_third_that_is_killed_and_one_result_is_registered(
    stack: Stack, registry: MlflowClient, searchers: list[str]
):
    def count_states() -> Counter[str]:
        query = "select state from trials"
        done = stack.run(*PSQL, "--dbname=optuna", f"--command={query}", **OVERLAY)
        return Counter(done.stdout.split() if done.returncode == 0 else [])

    killed, *others = searchers

    def each_runs_one() -> bool:
        return count_states()["RUNNING"] == len(searchers)

    def send(signal: str) -> None:
        docker("exec", killed, "sh", "-c", f"kill -{signal} -1")

    wait_until(each_runs_one, 120)
    send("STOP")
    while not any(each_runs_one() for _ in range(3)):  # it is between two trials
        send("CONT")
        wait_until(each_runs_one, 120)
        send("STOP")
    docker("kill", killed)
    ended = docker("wait", *others).split()
    logs = stack.do("logs", "searcher", **OVERLAY)

    assert ended == ["0", "0"], logs
    assert logs.count("was interrupted; it is repeated") == 1
    states = count_states()
    assert states.pop("FAIL") == 1
    assert sum(states.values()) == states["COMPLETE"] + states["PRUNED"] == TRIALS
    experiment = registry.get_experiment_by_name("mnist")
    assert experiment
    runs = registry.search_runs([experiment.experiment_id], f"tags.search = '{STUDY}'")
    (trained,) = (run for run in runs if "best" in run.data.tags)
    (version,) = registry.search_model_versions(f"run_id = '{trained.info.run_id}'")
    assert trained.data.tags["gate"] == version.tags["gate"]


def test_a_searcher_is_hardened_and_reads_no_table_of_mlflow(stack: Stack, searchers: list[str]):
    container = json.loads(docker("inspect", searchers[0]))[0]
    check_hardened(container)
    networks = {f"{stack.project}_{name}" for name in ("front", "searches")}
    assert container["NetworkSettings"]["Networks"].keys() == networks
    python = ("run", "--rm", "--no-deps", "--entrypoint=python", "searcher", "-c", AS_SEARCHER)
    assert "permission denied for table runs" in stack.do(*python, **OVERLAY)
