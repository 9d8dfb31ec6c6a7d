"""A tracking server whose passwords were rotated while a training ran."""

import pytest

from mnist_trainer.tracking.health import ServerError
from mnist_trainer.tracking.run import Run
from support.fake_mlflow import FakeMlflow, serving


def test_metrics_that_are_refused_for_their_account_stay_pending_and_are_sent_later() -> None:
    mlflow = FakeMlflow()
    mlflow.refusals = dict.fromkeys(("experiments/search", "runs/log-batch"), (401, ""))
    with serving(mlflow) as uri:
        run = Run(uri, "0", "of-a-run")
        assert run.log_metrics({"loss": 0.5}) is False
        refused = "does not accept this account or its password: after a rotation start the trainer"
        with pytest.raises(ServerError, match=refused):
            run.send_pending()
        assert [point.name for point in run.pending] == ["loss"]
        mlflow.refusals = {}
        run.send_pending()
    assert run.pending == []
    (sent,) = mlflow.requests[-1][1]["metrics"]
    assert sent["value"] == 0.5
