"""MLflow's client works with the open paths, and with basic-auth."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from support.servers.accounts import PASSWORD
from support.servers.tracking import TrackingServer

EXPERIMENT = "/api/2.0/mlflow/experiments/get?experiment_id=0"


@pytest.fixture
def as_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)


def use_everything(url: str, folder: Path) -> None:
    """Log, read back, register and trace, like the trainer, the API and a notebook."""
    client = MlflowClient(url, url)
    experiment = client.create_experiment("client")
    run = client.create_run(experiment, run_name="first")
    client.log_metric(run.info.run_id, "accuracy", 0.5)
    (folder / "note.txt").write_text("noted")
    client.log_artifact(run.info.run_id, str(folder / "note.txt"))
    assert client.get_run(run.info.run_id).data.metrics == {"accuracy": 0.5}
    (found,) = client.list_artifacts(run.info.run_id)
    read = client.download_artifacts(run.info.run_id, found.path, str(folder))
    assert Path(read).read_text() == "noted"
    client.create_registered_model("digits")
    model = client.create_logged_model(experiment, source_run_id=run.info.run_id)
    version = client.create_model_version(
        "digits", f"models:/{model.model_id}", run.info.run_id, model_id=model.model_id
    )
    client.set_registered_model_alias("digits", "Production", version.version)
    assert client.get_model_version_by_alias("digits", "Production").run_id == run.info.run_id
    span = client.start_trace("traced", experiment_id=experiment)
    client.end_trace(span.trace_id)
    mlflow.flush_trace_async_logging()
    traces = client.search_traces(locations=[experiment])
    assert [trace.info.trace_id for trace in traces] == [span.trace_id]


def test_a_client_logs_reads_registers_and_traces(server: TrackingServer, tmp_path: Path):
    mlflow.set_tracking_uri(server.url)
    use_everything(server.url, tmp_path)


@pytest.mark.usefixtures("as_admin")
def test_a_client_with_a_password_does_the_same_with_basic_auth(
    basic_auth_server: TrackingServer, tmp_path: Path
):
    mlflow.set_tracking_uri(basic_auth_server.url)
    use_everything(basic_auth_server.url, tmp_path)


def test_basic_auth_requires_a_password(basic_auth_server: TrackingServer):
    assert basic_auth_server.send("GET", EXPERIMENT).status == 401


def test_basic_auth_keeps_its_accounts(basic_auth_server: TrackingServer, admin: dict[str, str]):
    body = '{"username": "student", "password": "another long password"}'
    made = basic_auth_server.send("POST", "/api/2.0/mlflow/users/create", body, **admin)
    assert made.status == 200, made.body
    assert basic_auth_server.send("GET", "/signup", **admin).status == 200


def test_the_client_shows_the_error_of_a_closed_path(server: TrackingServer):
    client = MlflowClient(server.url, server.url)
    with pytest.raises(
        MlflowException, match="tracking, model registry, artifacts and traces only"
    ):
        client.list_webhooks()
