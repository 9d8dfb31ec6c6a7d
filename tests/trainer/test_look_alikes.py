"""Stages, and aliases of another case, are not taken for the alias; nor are they overlooked."""

import warnings

import pytest
from mlflow import MlflowClient

from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from support.trainer.trainings import command, register_versions


@pytest.fixture
def registry(settings: Settings, client: MlflowClient) -> Registry:
    """A registry with three versions, the second of them promoted."""
    registry = register_versions(settings, client, 3)
    registry.promote(registry.find(2), over=None)
    return registry


def set_stage(client: MlflowClient, name: str, number: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # stages are deprecated
        client.transition_model_version_stage(name, str(number), "Production")


def lines(settings: Settings, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert command(settings, *arguments) == 0
    return capsys.readouterr().out.splitlines()


STAGED = (
    "Version 1 is in the stage Production, which the API does not follow: it follows the alias."
)
OTHER = (
    "Version 3 has the alias production, which the API does not follow: upper and lower case "
    "differ, and MODEL_ALIAS is Production."
)


def test_a_stage_or_an_alias_of_another_case_beside_the_alias_is_pointed_out(
    registry: Registry,
    settings: Settings,
    client: MlflowClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_stage(client, registry.name, 1)
    client.set_registered_model_alias(registry.name, "production", "3")
    shown = lines(settings, capsys, "versions")
    assert [line.split()[0] for line in shown if "Production  " in line] == ["2"]
    assert shown[-2:] == [STAGED, OTHER]
    assert lines(settings, capsys, "promote", "3")[1:] == [STAGED, OTHER]
    assert lines(settings, capsys, "promote", "1")[1:] == [OTHER]


def test_without_an_alias_the_newest_version_of_the_stage_is_desired(
    registry: Registry,
    settings: Settings,
    client: MlflowClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As in the API: training is not needed, and a promotion replaces it."""
    client.delete_registered_model_alias(registry.name, "Production")
    for number in (3, 1):
        set_stage(client, registry.name, number)
    shown = lines(settings, capsys, "versions")
    assert [line.split()[0] for line in shown if "(stage)" in line] == ["3"]
    assert shown[-2:] == [
        "No version has the alias Production: version 3 is desired because it is in the stage "
        "Production. `promote 3` gives it the alias.",
        "Version 1 is in the stage Production, which the API does not follow: it follows the "
        "newest version of the stage.",
    ]
    assert "nothing to train" in lines(settings, capsys, "train", "--if-missing")[0]
    promoted = f"Version 3 of {registry.name} is promoted."
    assert lines(settings, capsys, "promote", "3")[0] == promoted
    assert client.get_registered_model(registry.name).aliases["Production"] == "3"


def test_after_the_promoted_version_was_deleted_the_last_one_that_is_left_is_promoted_again(
    registry: Registry,
    settings: Settings,
    client: MlflowClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    registry.promote(registry.find(3), over=registry.find(2))
    client.delete_model_version(registry.name, "3")
    assert registry.desired_version() is None
    assert lines(settings, capsys, "rollback") == [
        f"The version of {registry.name} that was promoted last is gone; version 2 is promoted "
        "again."
    ]
    assert client.get_registered_model(registry.name).aliases["Production"] == "2"
