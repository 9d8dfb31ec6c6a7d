"""Promoting by hand and rolling back, on a real registry."""

import signal

import pytest
from mlflow import MlflowClient

from mnist_trainer.pipeline import rollback
from mnist_trainer.settings import Settings
from mnist_trainer.signals import Stopped
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import VersionError

SHA256 = {"sha256": "0" * 64}  # a tag that every version of a training has


@pytest.fixture
def registry(settings: Settings, client: MlflowClient) -> Registry:
    """A registry with four versions, none of them promoted."""
    client.create_registered_model(settings.model_name)
    run = client.create_run(client.create_experiment(settings.experiment)).info
    for _ in range(4):
        source = f"{run.artifact_uri}/model"
        client.create_model_version(settings.model_name, source, run.run_id, SHA256)
    return Registry(settings.tracking_uri, settings.model_name, settings.model_alias)


def promote(registry: Registry, *numbers: int) -> None:
    for number in numbers:
        registry.promote(registry.find(number), over=registry.desired_version())


def roll_back(registry: Registry) -> int:
    """Roll back and return the version that is promoted then."""
    current = registry.desired_version()
    assert current
    registry.roll_back(current, rollback.choose_version(current, registry.versions()))
    return desired_number(registry)


def desired_number(registry: Registry) -> int:
    current = registry.desired_version()
    assert current
    return current.number


def test_promoting_says_what_was_replaced(registry: Registry) -> None:
    promote(registry, 1, 3)
    assert desired_number(registry) == 3
    assert registry.find(3).tags["promoted_over"] == "1"
    assert "promoted_over" not in registry.find(1).tags


def test_rollbacks_in_a_row_go_back_step_by_step_and_end(registry: Registry) -> None:
    promote(registry, 1, 2, 3)
    assert roll_back(registry) == 2
    assert roll_back(registry) == 1
    with pytest.raises(VersionError, match="no earlier version"):
        roll_back(registry)
    assert desired_number(registry) == 1


def test_a_version_that_the_api_would_refuse_is_left_out(
    registry: Registry, client: MlflowClient
) -> None:
    """Such as a pyfunc that got the alias by hand, and was replaced."""
    promote(registry, 1, 2, 3)
    client.delete_model_version_tag(registry.name, "2", "sha256")
    assert roll_back(registry) == 1


def test_a_promotion_by_hand_is_undone_by_a_rollback(registry: Registry) -> None:
    promote(registry, 1, 2, 3, 1)
    assert roll_back(registry) == 3


def test_a_version_rolled_back_from_is_never_rolled_back_to(registry: Registry) -> None:
    """Version 1 replaced 3, which replaced 2, which replaced 1: no going round in a circle."""
    promote(registry, 1, 2, 3, 1)
    assert [roll_back(registry), roll_back(registry)] == [3, 2]
    with pytest.raises(VersionError, match="no earlier version"):
        roll_back(registry)


def test_promoted_again_a_version_can_be_rolled_back_to_again(registry: Registry) -> None:
    promote(registry, 1, 2)
    roll_back(registry)
    promote(registry, 2, 3)
    assert roll_back(registry) == 2


def test_a_version_deleted_meanwhile_is_passed_over(
    registry: Registry, client: MlflowClient
) -> None:
    promote(registry, 1, 2, 3)
    client.delete_model_version(registry.name, "2")
    assert roll_back(registry) == 1


def test_a_version_never_promoted_is_not_chosen(registry: Registry, client: MlflowClient) -> None:
    promote(registry, 3, 4)
    client.delete_model_version(registry.name, "3")
    with pytest.raises(VersionError, match="no earlier version"):
        roll_back(registry)
    assert desired_number(registry) == 4


def test_an_alias_moved_by_hand_is_moved_back(registry: Registry, client: MlflowClient) -> None:
    promote(registry, 1, 2)
    client.set_registered_model_alias(registry.name, registry.alias, "4")
    assert [roll_back(registry), roll_back(registry)] == [2, 1]
    with pytest.raises(VersionError, match="no earlier version"):
        roll_back(registry)


def test_a_promotion_that_is_interrupted_before_the_alias_moves_leaves_no_trace(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(registry, 1, 2)

    def stop(*_: object) -> None:
        raise Stopped(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(registry, "move_alias", stop)
        with pytest.raises(Stopped):
            registry.promote(registry.find(3), over=registry.find(2), by_hand=False)
    assert desired_number(registry) == 2
    assert roll_back(registry) == 1


def test_a_version_promoted_in_the_ui_can_be_replaced_and_rolled_back_to(
    registry: Registry, client: MlflowClient
) -> None:
    promote(registry, 1, 2)
    roll_back(registry)
    client.set_registered_model_alias(registry.name, registry.alias, "2")
    promote(registry, 3)
    assert roll_back(registry) == 2
