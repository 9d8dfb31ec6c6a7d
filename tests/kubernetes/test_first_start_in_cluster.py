"""The first start, by the overlay of these tests: three tracking servers and an empty database."""

from support.stacks.kubernetes import kubectl, pods, read, wait_for, wait_ready

MIGRATES = "Creating initial MLflow database tables"


def test_of_three_tracking_servers_at_once_one_migrates_the_database() -> None:
    started = wait_ready("mlflow-server", 3)
    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in started] == [0, 0, 0]
    logs = [kubectl("logs", pod["metadata"]["name"]) for pod in started]
    assert sum(MIGRATES in log for log in logs) == 1
    kubectl("scale", "deployment/mlflow-server", "--replicas=1")
    wait_for(lambda: len(read("pods", "--selector=app=mlflow-server")["items"]) == 1, 60)


def test_without_a_model_a_replica_of_the_api_is_neither_ready_nor_restarted() -> None:
    kubectl("wait", "job/bootstrap", "--for=condition=Complete", "--timeout=60s")
    (trainer,) = pods("trainer")
    begin = trainer["status"]["containerStatuses"][0]["state"]["terminated"]["startedAt"]
    for pod in pods("api"):
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
        (ready,) = [one for one in pod["status"]["conditions"] if one["type"] == "Ready"]
        assert begin < ready["lastTransitionTime"], "in ISO 8601"
