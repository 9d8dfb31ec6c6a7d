"""A password that is changed while a training runs, on a real server with accounts."""

from pathlib import Path
from typing import Any

import pytest
import requests
from mlflow import MlflowClient

from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.pipeline import train
from mnist_trainer.settings import read_settings
from mnist_trainer.tracking.health import ServerError
from support.servers.accounts import PASSWORD, account_settings
from support.servers.tracking import tracking_server
from support.trainer.trainings import TINIER, alias_of, command, runs_of

pytestmark = pytest.mark.slow

NEW = "another one of the same account"
REFUSED = r"does not accept this account .* is stored in .*; the command `resume-upload` sends it"


def test_a_training_that_its_server_refuses_at_the_end_is_sent_with_the_new_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    accounts = account_settings(tmp_path)
    with tracking_server(tmp_path, "--app-name=basic-auth", **accounts) as server:
        variables = {"MLFLOW_TRACKING_URI": server.url, "MODELS_DIR": str(tmp_path / "models")}
        settings = read_settings(variables, SHIPPED)
        fit = train.fit_and_log

        def fit_meanwhile(*given: Any) -> Any:
            change = {"username": "admin", "password": NEW, "current_password": PASSWORD}
            url = f"{server.url}/api/2.0/mlflow/users/update-password"
            requests.patch(
                url, auth=("admin", PASSWORD), json=change, timeout=20
            ).raise_for_status()
            return fit(*given)

        with monkeypatch.context() as patch:
            patch.setattr(train, "fit_and_log", fit_meanwhile)
            with pytest.raises(ServerError, match=REFUSED):
                command(settings, *TINIER)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", NEW)
        client = MlflowClient(tracking_uri=server.url, registry_uri=server.url)
        assert client.search_model_versions() == []
        assert command(settings, "resume-upload") == 0
        (run,) = runs_of(settings, client)
        assert run.info.status == "FINISHED"
        assert {"loss", "temperature", "test_accuracy"} <= run.data.metrics.keys()
        assert alias_of(settings, client) == "1"
        assert not list((tmp_path / "models" / "unsent").iterdir())
