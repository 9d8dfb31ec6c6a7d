"""Failures of the other services do not affect the clients of the API."""

import time

import pytest
from mlflow import MlflowClient

from support.processes import wait_until
from support.stacks.compose import Stack
from support.stacks.traffic import Traffic


@pytest.mark.parametrize("service", ["postgres", "minio", "mlflow-server"])
def test_a_service_that_crashes_is_restarted_and_no_request_fails(
    stack: Stack, registry: MlflowClient, service: str
):
    def started() -> str:
        return str(stack.inspect(service)["State"]["StartedAt"])

    before = started()
    with Traffic(stack.api_url):
        stack.run("exec", "-T", service, "bash", "-c", "kill -KILL -1")  # all but the init process
        wait_until(lambda: started() != before, 30)  # until then its health is that of before
        stack.wait_for(service, "healthy")
        stack.wait_for("mlflow-server", "healthy")
    assert registry.search_model_versions()


def test_up_restarts_killed_services_and_no_request_fails(
    stack: Stack, registry: MlflowClient, production_version: str
):
    with Traffic(stack.api_url):
        for service in ("postgres", "minio", "mlflow-server"):
            stack.do("kill", service)
            time.sleep(3)  # longer than the API's polling interval
        stack.up()
    version = registry.get_model_version_by_alias("mnist-classifier", "Production")
    assert str(version.version) == production_version


def test_the_tracking_server_is_unhealthy_without_its_database(stack: Stack):
    stack.do("stop", "postgres")
    stack.wait_for("mlflow-server", "unhealthy")
    stack.do("start", "postgres")
    stack.wait_for("mlflow-server", "healthy")


def test_an_api_that_restarts_without_the_tracking_server_loads_the_cached_version(stack: Stack):
    stack.do("stop", "mlflow-server")
    stack.do("restart", "--no-deps", "api")
    stack.wait_for("api", "healthy")
    wait_until(stack.predicts)
    stack.up()
