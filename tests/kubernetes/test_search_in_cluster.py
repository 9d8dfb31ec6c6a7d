"""A search by a Job of three pods, of which one is killed while it runs a trial."""

import signal
from collections import Counter

from support.stacks.cluster_nodes import signaller
from support.stacks.kubernetes import image_of, kubectl, read, run_in, wait_for

SEARCHERS, TRIALS = 3, 9  # as the overlay has them
PSQL = ("psql", "--tuples-only", "--no-align", "--username=mlflow", "--dbname=optuna")


def count_states() -> Counter[str]:
    """Return how many trials of the study are in each state."""
    exists = run_in("postgres-0", *PSQL, "--command=select to_regclass('trials')").strip()
    query = "--command=select state from trials"
    return Counter(run_in("postgres-0", *PSQL, query).split() if exists else [])


def test_the_pods_of_a_search_make_up_for_one_that_is_killed() -> None:
    kubectl("create", "job", "--from=cronjob/searcher", "search")
    running = ("--selector=role=searcher", "--field-selector=status.phase=Running")
    wait_for(lambda: len(read("pods", *running)["items"]) == SEARCHERS, 60)
    searchers = read("pods", *running)["items"]
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
    kubectl("wait", "--for=condition=complete", "job/search", "--timeout=300s")

    studies = run_in("postgres-0", *PSQL, "--command=select study_name from studies").split()
    assert studies == ["search"]  # as the Job is named: the next one has a study of its own
    states = count_states()
    assert states.pop("FAIL") == 1
    assert sum(states.values()) == states["COMPLETE"] + states["PRUNED"] == TRIALS
    logs = [kubectl("logs", pod["metadata"]["name"]) for pod in searchers]
    assert sum(log.count("was interrupted; it is repeated") for log in logs) == 1
    assert sum(log.count("is registered") for log in logs) == 1
