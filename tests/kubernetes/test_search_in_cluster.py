"""A search by a Job of three pods, of which one is killed while it runs a trial."""

import shutil
import signal
from collections import Counter
from pathlib import Path

import yaml

from support.documents import find_fences
from support.processes import ROOT
from support.stacks.cluster_commands import find_kubernetes_commands, run_command
from support.stacks.cluster_nodes import signaller
from support.stacks.kubernetes import image_of, kubectl, read, run_in, wait_for

SEARCHERS, TRIALS = 3, 9  # as the overlay has them
PSQL = ("psql", "--tuples-only", "--no-align", "--username=mlflow", "--dbname=optuna")


def count_states() -> Counter[str]:
    """Return how many trials of the study are in each state."""
    exists = run_in("postgres-0", *PSQL, "--command=select to_regclass('trials')").strip()
    query = "--command=select state from trials"
    return Counter(run_in("postgres-0", *PSQL, query).split() if exists else [])


def test_the_documents_overlays_with_a_search_are_built(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy" / "kubernetes", tmp_path, dirs_exist_ok=True)
    (tmp_path / "mine").mkdir()
    found = []
    for fence in find_fences(ROOT / "docs" / "kubernetes.md", "yaml"):
        (tmp_path / "mine" / "kustomization.yaml").write_text(fence.text)
        built = [*yaml.safe_load_all(kubectl("kustomize", str(tmp_path / "mine")))]
        assert any(each["metadata"]["name"] == "searcher" for each in built)
        jobs = {each["metadata"]["name"] for each in built if each["kind"] == "Job"}
        (search,) = (each for each in built if "OPTUNA_STORAGE" in each.get("data", {}))
        found.append((jobs, search["data"]["OPTUNA_STORAGE"]))
    account = "postgresql+psycopg2://optuna@"
    assert found == [
        ({"bootstrap", "passwords", "bucket", "optuna-database"}, f"{account}postgres/optuna"),
        ({"bootstrap"}, f"{account}postgres.example/optuna"),
    ]


def test_the_pods_of_a_search_make_up_for_one_that_is_killed() -> None:
    create, wait, follow = find_kubernetes_commands("search")
    run_command(f"{create} && {wait}")
    searchers = read("pods", "--selector=role=searcher")["items"]
    assert len(searchers) == SEARCHERS
    with signaller(searchers[0], image_of("api")) as send:
        wait_for(lambda: count_states()["RUNNING"] == SEARCHERS, 180)

        def is_stopped_in_a_trial() -> bool:
            send(signal.SIGSTOP)
            if count_states()["RUNNING"] == SEARCHERS:
                return True
            send(signal.SIGCONT)
            return False

        wait_for(is_stopped_in_a_trial, 60)
        send(signal.SIGKILL)
    kubectl("wait", "--for=condition=complete", "job/searcher-1", "--timeout=300s")
    assert "[pod/searcher-1-" in run_command(follow)

    studies = run_in("postgres-0", *PSQL, "--command=select study_name from studies").split()
    assert studies == ["searcher-1"]  # as the Job is named: the next one has a study of its own
    states = count_states()
    assert states.pop("FAIL") == 1
    assert sum(states.values()) == states["COMPLETE"] + states["PRUNED"] == TRIALS
    logs = [kubectl("logs", pod["metadata"]["name"]) for pod in searchers]
    assert sum(log.count("was interrupted; it is repeated") for log in logs) == 1
    assert sum(log.count("is registered") for log in logs) == 1
