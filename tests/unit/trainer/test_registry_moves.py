"""The move of the alias: what is done before it, right before it, and after it."""

import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.pipeline import overlap
from mnist_trainer.tracking.registry import Registry
from support.cases.history_tags import ACCURACIES, NO_ACCURACIES
from support.fake_mlflow import FakeMlflow, serving

PREFIX = "history.blue."


@pytest.fixture
def mlflow() -> FakeMlflow:
    fake = FakeMlflow()
    for _ in range(3):
        fake.register("digits")
    fake.models["digits"]["aliases"] = [{"alias": "blue", "version": "1"}]
    return fake


@pytest.fixture
def registry(mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with serving(mlflow) as uri:
        yield Registry(uri, "digits", "blue", "resume-upload")


def keys(mlflow: FakeMlflow) -> list[str]:
    """Return the keys of the history's tags, in the order in which they were set."""
    tags = mlflow.models["digits"].get("tags", [])
    return [tag["key"].removeprefix(PREFIX) for tag in tags]


def move_by_hand_while_tags_are_set(
    registry: Registry, mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    set_tag = registry.client.set_registered_model_tag

    def move_and_set_tag(*given: str) -> None:
        mlflow.models["digits"]["aliases"] = [{"alias": "blue", "version": version}]
        set_tag(*given)

    monkeypatch.setattr(registry.client, "set_registered_model_tag", move_and_set_tag)


def test_the_check_of_the_gate_is_the_last_step_before_the_move(
    registry: Registry, mlflow: FakeMlflow
) -> None:
    """MLflow's client itself reads the model once more, to refuse prompts."""
    champion, candidate = registry.find(1), registry.find(2)
    mlflow.requests.clear()
    assert registry.promote(candidate, champion, by_hand=False) is True
    names = [name for name, _ in mlflow.requests]
    index = names.index("POST registered-models/alias")
    reads = 2 * ["GET registered-models/get"]
    assert names[index - 3 : index] == ["POST registered-models/set-tag", *reads]


def test_a_move_by_hand_while_the_gate_prepares_its_own_is_not_overwritten(
    registry: Registry, mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_by_hand_while_tags_are_set(registry, mlflow, monkeypatch, "3")
    assert registry.promote(registry.find(2), registry.find(1), by_hand=False) is False
    assert registry.aliases() == {"blue": 3}
    assert keys(mlflow) == ["desired.0001.1", "moving"]
    assert mlflow.models["digits"]["tags"][-1]["value"] == "", "no later move is taken for its own"
    assert mlflow.tags(2) == {}


def test_a_move_by_hand_while_two_promotions_are_settled_is_not_overwritten(
    registry: Registry, mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 3 was promoted over version 1 as well, after version 2, and is as good."""
    champion, candidate = registry.find(1), registry.find(2)
    assert registry.promote(candidate, champion, by_hand=False) is True
    begun = {"promotion": "begun", "promotion_base": "1", "promoted_at": f"{time.time() + 1}"}
    mlflow.versions[2]["tags"] = [{"key": key, "value": begun[key]} for key in begun]
    correct = np.ones(10, bool)
    monkeypatch.setattr(overlap, "measure", lambda *_: SimpleNamespace(correct=correct))
    move_by_hand_while_tags_are_set(registry, mlflow, monkeypatch, "1")
    test = LabelledImages(np.zeros((1, 784), np.uint8), np.zeros(1, np.uint8))
    overlap.settle(registry, candidate, champion, frozenset(), test)
    assert registry.aliases() == {"blue": 1}


def test_a_move_that_cannot_be_recorded_has_taken_place_and_is_reported(
    registry: Registry,
    mlflow: FakeMlflow,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    move = registry.client.set_registered_model_alias

    def move_and_refuse(*given: str) -> None:
        move(*given)
        mlflow.refusals["registered-models/set-tag"] = (403, "PERMISSION_DENIED")

    monkeypatch.setattr(registry.client, "set_registered_model_alias", move_and_refuse)
    assert registry.promote(registry.find(2), registry.find(1)) is True
    assert registry.aliases() == {"blue": 2}
    assert mlflow.tags(2)["promotion"] == "done by hand"
    assert capsys.readouterr().out == (
        "History  the move to version 2 is not recorded: "
        f"The tracking server at {registry.uri} refused: PERMISSION_DENIED: refused\n"
    )
    tag = mlflow.models["digits"]["tags"][-1]
    assert tag["key"] == f"{PREFIX}moving"
    assert tag["value"].endswith(" desired.0002.2 resume-upload")


@pytest.mark.parametrize(
    ("accuracy", "text"), [*ACCURACIES, *((accuracy, "") for accuracy in NO_ACCURACIES)]
)
def test_the_accuracy_of_a_promoted_version_is_recorded(
    registry: Registry, mlflow: FakeMlflow, accuracy: float | None, text: str
) -> None:
    if accuracy is not None:
        mlflow.versions[1]["tags"] = [{"key": "test_accuracy", "value": str(accuracy)}]
    assert registry.move_alias(registry.find(2))
    tag = mlflow.models["digits"]["tags"][-1]
    assert tag["key"] == f"{PREFIX}desired.0002.2"
    assert " ".join(tag["value"].split(" ")[1:]) == f"resume-upload {text}".rstrip()


@pytest.mark.parametrize(
    "refusal",
    [(500, "INTERNAL_ERROR"), (403, "PERMISSION_DENIED"), (404, "RESOURCE_DOES_NOT_EXIST")],
)
def test_a_move_is_announced_and_recorded_if_the_accuracy_cannot_be_read(
    registry: Registry,
    mlflow: FakeMlflow,
    capsys: pytest.CaptureFixture[str],
    refusal: tuple[int, str],
) -> None:
    candidate = registry.find(2)
    for endpoint in ("get", "search"):
        mlflow.refusals[f"model-versions/{endpoint}"] = refusal
    assert registry.move_alias(candidate)
    values = {tag["key"]: tag["value"] for tag in mlflow.models["digits"]["tags"]}
    assert values[f"{PREFIX}moving"].endswith(" desired.0002.2 resume-upload")
    assert values[f"{PREFIX}desired.0002.2"].endswith("Z resume-upload")
    assert capsys.readouterr().out == ""


def test_of_no_version_no_accuracy_is_asked_for(registry: Registry, mlflow: FakeMlflow) -> None:
    """The alias was removed by hand since the last record."""
    registry.move_alias(registry.find(2))
    mlflow.models["digits"]["aliases"].clear()
    candidate = registry.find(3)
    mlflow.requests.clear()
    assert registry.move_alias(candidate)
    assert keys(mlflow)[-4:] == ["desired.0003.none", "moving", "seen", "desired.0004.3"]
    asked = [given for name, given in mlflow.requests if name == "GET model-versions/get"]
    assert [given["version"] for given in asked] == ["3"]


def test_without_a_history_the_alias_moves_and_it_is_said(
    registry: Registry, mlflow: FakeMlflow, capsys: pytest.CaptureFixture[str]
) -> None:
    mlflow.refusals["registered-models/set-tag"] = (403, "PERMISSION_DENIED")
    assert registry.move_alias(registry.find(2))
    assert registry.aliases() == {"blue": 2}
    assert capsys.readouterr().out.count("is not recorded") == 1


def test_the_history_knows_which_version_is_desired(registry: Registry, mlflow: FakeMlflow) -> None:
    mlflow.requests.clear()
    assert registry.history().current == 1
    assert [name for name, _ in mlflow.requests] == ["GET registered-models/get"]
    mlflow.models["digits"]["aliases"].clear()
    assert registry.history().current is None
    mlflow.versions[1]["current_stage"] = "Production"
    assert registry.history().current == 2
    del mlflow.models["digits"]
    mlflow.versions.clear()
    assert registry.history().current is None
