"""Names with any characters that MLflow takes, from the training to the rollback."""

from dataclasses import replace

import pytest
from mlflow import MlflowClient

from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.pipeline import release
from mnist_trainer.settings import Settings, read_settings
from mnist_trainer.signals import Stopped
from support.trainer.trainings import TINIER, command, register_versions

pytestmark = pytest.mark.slow

NAMES = [
    "d'été",
    'say "cheese"',
    "both ' and \"",
    "100 % a_b",
    "back\\slash\\'",
    "back`ticks`",
    "x' OR name LIKE '%",
    "a?b#c&d=e+f@g",
    "😀.",
]


@pytest.fixture
def named(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Settings with a name for model and experiment; the experiment's may have / and :, too."""
    name = f"{settings.model_name} {request.param}"
    variables = {"MODEL_NAME": name, "MLFLOW_EXPERIMENT_NAME": f"{name} / : {name}"}
    checked = read_settings(variables, SHIPPED)
    return replace(settings, model_name=checked.model_name, experiment=checked.experiment)


@pytest.mark.parametrize("named", NAMES, indirect=True)
def test_versions_of_any_name_are_found_and_no_others(
    named: Settings, client: MlflowClient
) -> None:
    registry = register_versions(named, client, 2)
    for other in (f"{named.model_name}x", named.model_name.replace("%", "x").replace("'", "x")):
        if other != named.model_name:
            register_versions(replace(named, model_name=other, experiment=other), client, 1)
    assert [each.number for each in registry.versions()] == [2, 1]
    run_id = client.get_model_version(named.model_name, "1").run_id
    found = registry.find_by_run(run_id)
    assert found
    assert found.number == 2
    assert registry.find_by_run("0" * 32) is None
    registry.promote(registry.find(1), over=None)
    assert registry.desired_version() == registry.find(1)


@pytest.mark.parametrize("named", ["d'été", "both ' and \" % `\\ ?#"], indirect=True)
def test_a_training_of_any_name_is_promoted_resumed_and_rolled_back(
    named: Settings, client: MlflowClient
) -> None:
    assert command(named, *TINIER, "--require-promotion") == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, "publish", _stop)
        with pytest.raises(Stopped):
            command(named, *TINIER)
    assert command(named, "resume-upload", "--require-promotion") == 0
    assert client.get_registered_model(named.model_name).aliases["Production"] == "2"
    card = client.get_model_version(named.model_name, "2").description
    (call,) = [line for line in card.splitlines() if "load_model" in line]
    assert eval(call.partition("load_model")[2]) == f"models:/{named.model_name}/2"  # noqa: S307 - our own
    assert command(named, "rollback") == 0
    assert client.get_registered_model(named.model_name).aliases["Production"] == "1"
    assert command(named, *TINIER[:1], "--if-missing") == 0


def _stop(*_: object) -> None:
    raise Stopped(2)
