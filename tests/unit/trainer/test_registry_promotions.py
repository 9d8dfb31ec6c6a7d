"""The tags and the order of the steps when the alias moves, and what a race leaves."""

import time
from collections.abc import Iterator

import pytest

from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import Version
from support.fake_mlflow import FakeMlflow, serving

NOW = 1_767_268_800.1234
AT = "1767268800.123"


@pytest.fixture
def mlflow() -> FakeMlflow:
    fake = FakeMlflow()
    for _ in range(2):
        fake.register("digits", tags=[{"key": "rolled_back_at", "value": "1"}])
    return fake


@pytest.fixture
def registry(mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # of what the fake does not know
    with serving(mlflow) as uri:
        registry = Registry(uri, "digits", "Production")
        monkeypatch.setattr(time, "time", lambda: NOW)
        yield registry


def desired(registry: Registry) -> int | None:
    return registry.aliases().get("Production")


def over(registry: Registry, number: int | None) -> Version | None:
    return None if number is None else registry.find(number)


@pytest.mark.parametrize("number", [None, 1])
def test_a_promotion_by_hand_is_done_when_the_alias_has_moved(
    registry: Registry, mlflow: FakeMlflow, number: int | None
) -> None:
    mlflow.versions[1]["tags"].append({"key": "promoted_over", "value": "9"})  # formerly
    assert registry.promote(registry.find(2), over(registry, number)) is True
    assert desired(registry) == 2
    replaced = {"promoted_over": "1", "promotion_base": "1"} if number else {}
    assert (
        mlflow.tags(2)
        == {
            "promotion": "done by hand",
            "promoted_at": AT,
            "promotion_base": "none",
        }
        | replaced
    )
    assert mlflow.tags(1) == ({} if number else {"rolled_back_at": "1"})


def test_the_tags_are_set_before_the_alias_moves(registry: Registry, mlflow: FakeMlflow) -> None:
    registry.promote(registry.find(2), registry.find(1))
    changes = [(name, given) for name, given in mlflow.requests if not name.startswith("GET")]
    steps = [given.get("key", given.get("alias")) for _, given in changes]
    assert steps == [
        "promotion", "promoted_over", "rolled_back_at", "rolled_back_at", "promoted_at",
        "promotion_base", "history.Production.moving", "Production",
        "history.Production.seen", "history.Production.desired.0001.2", "promotion",
    ]  # fmt: skip
    assert changes[0][1]["value"] == "begun by hand"


def test_a_promotion_by_the_gate_is_begun_until_it_is_ended(
    registry: Registry, mlflow: FakeMlflow
) -> None:
    assert registry.promote(registry.find(1), None, by_hand=False) is True
    assert mlflow.tags(1) == {"promotion": "begun", "promoted_at": AT, "promotion_base": "none"}
    registry.end_promotion(registry.find(1))
    assert mlflow.tags(1)["promotion"] == "done"
    assert "promoted_over" not in mlflow.tags(1)
    registry.end_promotion(registry.find(1), 7)
    assert mlflow.tags(1)["promoted_over"] == "7"


RACES = [(None, 1, False), (1, None, False), (1, 1, True)]


@pytest.mark.parametrize(("expected", "found", "moves"), RACES)
def test_the_gate_promotes_only_over_the_version_it_compared(
    registry: Registry, mlflow: FakeMlflow, expected: int | None, found: int | None, moves: bool
) -> None:
    replaced = over(registry, expected)
    if found:
        registry.move_alias(registry.find(found))
    assert registry.promote(registry.find(2), replaced, by_hand=False) is moves
    assert desired(registry) == (2 if moves else found)
    assert ("promotion" in mlflow.tags(2)) == moves
    if not moves:
        assert mlflow.tags(2) == {}


def test_a_withdrawn_promotion_leaves_the_other_tags(
    registry: Registry, mlflow: FakeMlflow
) -> None:
    registry.promote(registry.find(2), registry.find(1))
    registry.set_tag(registry.find(2), "gate", "passed")
    registry.withdraw_promotion(registry.find(2))
    assert mlflow.tags(2) == {"gate": "passed"}


@pytest.mark.parametrize("current", [None, 2])
def test_rolling_back_marks_what_is_replaced_and_then_moves_the_alias(
    registry: Registry, mlflow: FakeMlflow, current: int | None
) -> None:
    mlflow.versions[1]["tags"].clear()
    registry.roll_back(over(registry, current), registry.find(1))
    assert desired(registry) == 1
    assert mlflow.tags(2) == ({"rolled_back_at": AT} if current else {})
