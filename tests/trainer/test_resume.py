"""A delivery that broke off is repeated: nothing is sent twice, and nothing is missing."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from mnist_trainer.pipeline import outbox, release
from mnist_trainer.settings import Settings
from mnist_trainer.signals import Stopped
from mnist_trainer.tracking.health import ServerError
from mnist_trainer.tracking.registry import Registry
from support.trainer.trainings import TINIER, alias_of, command, runs_of


def break_at(where: object, name: str) -> Callable[[Settings], Path]:
    """Return a training that ends when it calls ``name``, and gives the folder it leaves."""

    def stop(*given: object, **named: object) -> None:
        raise Stopped(signal.SIGINT)

    def train(settings: Settings) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(where, name, stop)
            with pytest.raises(Stopped, match="`resume-upload` sends it"):
                command(settings, *TINIER)
        assert settings.models_dir
        return outbox.list_folders(settings.models_dir)[-1]

    return train


def models_of(settings: Settings, client: MlflowClient) -> int:
    experiment = client.get_experiment_by_name(settings.experiment)
    assert experiment
    return len(client.search_logged_models([experiment.experiment_id]))


@pytest.mark.parametrize(
    ("where", "name"),
    [
        pytest.param(release, "predict", marks=pytest.mark.slow),  # nothing is sent
        (Registry, "register"),  # the model is logged
        pytest.param(release, "publish", marks=pytest.mark.slow),  # and registered
        pytest.param(Registry, "promote", marks=pytest.mark.slow),  # and has passed the gate
        pytest.param(Registry, "move_alias", marks=pytest.mark.slow),  # and its promotion has begun
        pytest.param(Registry, "end_promotion", marks=pytest.mark.slow),  # and it has the alias
        pytest.param(release, "update_model_card", marks=pytest.mark.slow),  # and is in service
    ],
)
def test_wherever_a_delivery_broke_off_it_is_completed_and_nothing_is_there_twice(
    settings: Settings, client: MlflowClient, where: object, name: str
) -> None:
    assert command(settings, *TINIER) == 0
    folder = break_at(where, name)(settings)
    assert [run.info.status for run in runs_of(settings, client)] == ["KILLED", "FINISHED"]
    assert command(settings, "resume-upload", "--require-promotion") == 0
    resumed, _ = runs_of(settings, client)
    assert resumed.info.run_id == folder.name
    assert resumed.info.status == "FINISHED"
    assert resumed.data.tags["gate"] == "passed"
    assert len(client.search_model_versions(f"name='{settings.model_name}'")) == 2
    assert models_of(settings, client) == 2
    version = client.get_model_version(settings.model_name, "2")
    assert version.run_id == folder.name
    assert version.tags["gate"] == "passed"
    assert version.tags["promoted_over"] == "1"
    assert {"digit_score_sha256", "drift_reference_sha256"} <= version.tags.keys()
    assert alias_of(settings, client) == "2"
    assert not folder.exists()
    assert client.list_artifacts(folder.name, "figures")
    assert client.get_registered_model(settings.model_name).description


def test_a_model_that_was_logged_by_half_is_replaced(
    settings: Settings, client: MlflowClient
) -> None:
    folder = break_at(mlflow.tensorflow, "save_model")(settings)
    assert models_of(settings, client) == 1
    assert command(settings, "resume-upload") == 0
    assert models_of(settings, client) == 1
    assert not folder.exists()
    assert alias_of(settings, client) == "1"
    assert client.get_run(folder.name).info.status == "FINISHED"


@pytest.mark.slow
def test_a_version_that_was_replaced_meanwhile_is_not_put_back(
    settings: Settings, client: MlflowClient
) -> None:
    break_at(release, "update_model_card")(settings)
    assert command(settings, *TINIER) == 0
    assert alias_of(settings, client) == "2"
    assert command(settings, "resume-upload") == 0
    assert alias_of(settings, client) == "2"


@pytest.mark.slow
def test_one_that_was_promoted_by_hand_meanwhile_does_not_replace_itself(
    settings: Settings, client: MlflowClient
) -> None:
    break_at(release, "publish")(settings)
    assert command(settings, "promote", "1") == 0
    assert command(settings, "resume-upload") == 0
    version = client.get_model_version(settings.model_name, "1")
    assert version.tags["gate"] == "passed"
    assert "promoted_over" not in version.tags
    assert alias_of(settings, client) == "1"


@pytest.mark.slow
def test_what_the_gate_rejects_is_delivered_as_well(
    settings: Settings, client: MlflowClient
) -> None:
    def fail(*given: object) -> None:
        raise ServerError("Away.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, "measure_champion", fail)
        with pytest.raises(ServerError, match="`resume-upload` sends it"):
            command(settings, *TINIER, "--floor=0.999")
    assert command(settings, "resume-upload", "--require-promotion") == 3
    assert alias_of(settings, client) is None
    assert command(settings, "resume-upload", "--require-promotion") == 0, "nothing is left"


@pytest.mark.slow
def test_name_and_alias_are_those_it_was_trained_for(
    settings: Settings, client: MlflowClient
) -> None:
    break_at(release, "predict")(settings)
    other = replace(settings, model_name="other", model_alias="Other", experiment="other")
    assert command(other, "resume-upload") == 0
    assert alias_of(settings, client) == "1"
    assert not client.search_model_versions("name='other'")
