"""What the gate lets through: a candidate against the champion, on a real server."""

import numpy as np
import pytest
from mlflow import MlflowClient

from mnist_trainer.data import dataset as data
from mnist_trainer.evaluation import gate
from mnist_trainer.evaluation.gate import Correct, Decision
from mnist_trainer.pipeline import promotion
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from support.trainer.trainings import TINIER, TINY, alias_of, command, runs_of


@pytest.mark.parametrize(("lost", "won", "desired"), [(10, 6, "2"), (15, 5, "1")])
def test_a_candidate_no_worse_than_chance_replaces_the_champion(
    settings: Settings, client: MlflowClient, lost: int, won: int, desired: str
) -> None:
    """Of 16 coins 10 or more fall one way in 23 % of all cases; of 20 coins 15 in 2 %."""
    assert command(settings, *TINY) == 0
    first = client.get_model_version(settings.model_name, "1")
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    assert first.source
    assert first.run_id
    second = registry.register(first.source.removeprefix("models:/"), first.run_id, {})
    test = data.load_dataset(data.SHIPPED).test
    champion = promotion.measure_champion(registry, test)
    assert champion.metrics
    correct = champion.metrics.correct.copy()
    right, wrong = np.flatnonzero(correct), np.flatnonzero(~correct)
    correct[right[:lost]], correct[wrong[:won]] = False, True
    candidate = promotion.Candidate(second, correct)
    decision = promotion.apply_gate(registry, candidate, champion, test, floor=0.3)
    assert decision.promoted == (desired == "2")
    assert alias_of(settings, client) == desired
    tags = client.get_model_version(settings.model_name, "2").tags
    assert tags["gate"] == decision.reason
    assert tags.get("promoted_over") == ("1" if decision.promoted else None)


@pytest.mark.slow
def test_a_candidate_worse_beyond_chance_stays_registered_with_the_reason(
    settings: Settings, client: MlflowClient
) -> None:
    assert command(settings, *TINY) == 0
    assert command(settings, *TINIER) == 0
    assert command(settings, *TINIER, "--require-promotion") == 3
    assert alias_of(settings, client) == "1"
    for number in ("2", "3"):
        tags = client.get_model_version(settings.model_name, number).tags
        assert tags["gate"].startswith("worse beyond chance")
        assert "promoted_over" not in tags
    assert {run.info.status for run in runs_of(settings, client)} == {"FINISHED"}
    assert command(settings, *TINY) == 0  # the very same network: no digit differs
    assert alias_of(settings, client) == "4"
    assert client.get_model_version(settings.model_name, "4").tags["promoted_over"] == "1"


def test_a_candidate_below_the_floor_stays_registered_with_the_reason(
    settings: Settings, client: MlflowClient
) -> None:
    assert command(settings, *TINIER, "--floor=0.999", "--require-promotion") == 3
    version = client.get_model_version(settings.model_name, "1")
    assert version.tags["gate"].startswith("below the floor")
    assert alias_of(settings, client) is None


@pytest.mark.slow
def test_where_the_champion_is_not_what_was_registered_the_floor_decides(
    settings: Settings, client: MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(settings, *TINY) == 0
    client.set_model_version_tag(settings.model_name, "1", "sha256", "0" * 64)
    assert command(settings, *TINIER) == 0
    assert alias_of(settings, client) == "2"
    assert "the champion, version 1, cannot be measured" in capfd.readouterr().out
    tags = client.get_model_version(settings.model_name, "2").tags
    assert tags["gate"] == "passed"
    assert tags["gate_note"].startswith("the champion, version 1, cannot be measured")


@pytest.mark.slow
def test_the_gate_compares_with_the_champion_of_the_end(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another training promotes a better version while this one is at the gate."""
    assert command(settings, *TINIER) == 0
    assert command(settings, *TINY) == 0
    client.set_registered_model_alias(settings.model_name, "Production", "1")
    decisions: list[Decision] = []

    def decide_and_move_the_alias(
        candidate: Correct, champion: Correct | None, floor: float
    ) -> Decision:
        decisions.append(gate.decide(candidate, champion, floor))
        client.set_registered_model_alias(settings.model_name, "Production", "2")
        return decisions[-1]

    monkeypatch.setattr(promotion, "decide", decide_and_move_the_alias)
    assert command(settings, *TINIER, "--require-promotion") == 3
    assert [decision.promoted for decision in decisions] == [True, False]
    assert alias_of(settings, client) == "2"
