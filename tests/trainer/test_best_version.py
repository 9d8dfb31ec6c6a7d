"""Many small losses cannot add up: the gate compares with the best promoted version, too.

A real registry; what each version predicts is given.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from mlflow import MlflowClient

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.gate import Decision
from mnist_trainer.pipeline import measurement, promotion
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import Version
from support.trainer.trainings import alias_of, command

IMAGES = 1000
TEST = LabelledImages(np.zeros((2, 784), np.uint8), np.zeros(2, np.uint8))
SAME = TEST.digest()

Try = Callable[..., Decision]


@pytest.fixture
def try_version(settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> Try:
    """Register a version that misclassifies the first ``mistakes`` images, and apply the gate."""
    client.create_registered_model(settings.model_name)
    run = client.create_run(client.create_experiment(settings.experiment)).info
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    predictions: dict[int, np.ndarray | None] = {}

    def measure(_: Registry, version: Version, test: LabelledImages) -> SimpleNamespace:
        correct = predictions[version.number]
        if correct is None:
            raise measurement.UnmeasuredError("it is damaged")
        return SimpleNamespace(correct=correct, accuracy=correct.mean())

    for module in (measurement, promotion):
        monkeypatch.setattr(module, "measure", measure)

    def apply_gate(mistakes: int, images: str = SAME, damage: int | None = None) -> Decision:
        correct = np.arange(IMAGES) >= mistakes
        tags = {"test_accuracy": f"{correct.mean():.4f}", "test_images": images, "sha256": "0" * 64}
        made = client.create_model_version(
            settings.model_name, f"{run.artifact_uri}/model", run.run_id, tags=tags
        )
        version = registry.find(int(made.version))
        predictions[version.number] = correct
        if damage:
            predictions[damage] = None
        champion = promotion.measure_champion(registry, TEST)
        candidate = promotion.Candidate(version, correct)
        return promotion.apply_gate(registry, candidate, champion, TEST, floor=0.5)

    return apply_gate


def test_a_chain_of_small_losses_ends(
    try_version: Try, settings: Settings, client: MlflowClient
) -> None:
    """Four images lost, none won: p = 1/16 against the champion; eight against the best: 1/256."""
    assert try_version(10).promoted
    assert try_version(14).promoted
    decision = try_version(18)
    assert decision.reason == (
        "worse than the best promoted version beyond chance: 8 images lost and 0 won against "
        "version 1, p = 0.0039; the command `promote` promotes it anyway"
    )
    assert not decision.promoted
    assert alias_of(settings, client) == "2"
    tags = client.get_model_version(settings.model_name, "3").tags
    assert tags["gate"] == decision.reason
    assert "promoted_at" not in tags
    assert try_version(15).promoted, "one more than the champion, five more than the best"


def test_a_version_that_was_rolled_back_is_not_compared_with(
    try_version: Try, settings: Settings, client: MlflowClient
) -> None:
    for mistakes in (20, 10):
        assert try_version(mistakes).promoted
    assert command(settings, "rollback") == 0
    assert try_version(20).promoted
    assert alias_of(settings, client) == "3"


def test_a_version_measured_on_other_images_is_not_compared_with(try_version: Try) -> None:
    assert try_version(10, images="others").promoted
    assert try_version(14).promoted
    assert try_version(18).promoted


def test_a_version_that_was_never_promoted_is_not_compared_with(
    try_version: Try, settings: Settings, client: MlflowClient
) -> None:
    for mistakes in (20, 10):
        assert try_version(mistakes).promoted
    for key in ("promoted_at", "promoted_over"):
        client.delete_model_version_tag(settings.model_name, "2", key)
    client.set_registered_model_alias(settings.model_name, "Production", "1")
    assert try_version(20).promoted


def test_where_the_best_cannot_be_measured_the_second_best_counts(try_version: Try) -> None:
    for mistakes in (10, 11, 15):
        assert try_version(mistakes).promoted
    decision = try_version(19, damage=1)
    assert "8 images lost and 0 won against version 2" in decision.reason
