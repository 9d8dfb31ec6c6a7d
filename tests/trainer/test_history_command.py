"""The command `history`: promotions, rollbacks and moves by hand, on a real tracking server."""

import re
import time
from datetime import UTC, datetime

import pytest
from mlflow import MlflowClient

from mnist_trainer.cli import commands
from mnist_trainer.cli.parser import parse_args
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry


@pytest.fixture
def registry(settings: Settings, client: MlflowClient) -> Registry:
    """A registry with three versions, none of them promoted."""
    client.create_registered_model(settings.model_name)
    run = client.create_run(client.create_experiment(settings.experiment)).info
    for number in (1, 2, 3):
        tags = {"sha256": "0" * 64, "test_accuracy": f"0.99{number}0"}
        source = f"{run.artifact_uri}/model"
        client.create_model_version(settings.model_name, source, run.run_id, tags=tags)
    return Registry(settings.tracking_uri, settings.model_name, settings.model_alias)


def show(settings: Settings, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Run a command; return its lines, with times as T."""
    capsys.readouterr()
    assert commands.run(parse_args(arguments), settings) == 0
    out = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "T", capsys.readouterr().out)
    return [" ".join(line.split()) for line in out.splitlines()]


def test_who_moved_the_alias_is_listed(
    registry: Registry,
    client: MlflowClient,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    empty = show(settings, capsys, "history")
    assert empty == [f"{registry.name} has no history yet; it begins when a version is promoted."]
    registry.promote(registry.find(1), None, by_hand=False)
    registry.end_promotion(registry.find(1))
    show(settings, capsys, "promote", "2")
    nobody = datetime.now(UTC).isoformat()
    client.set_registered_model_tag(registry.name, "history.Production.seen", f"{nobody} {nobody}")
    time.sleep(0.5)
    show(settings, capsys, "rollback")
    client.set_registered_model_alias(registry.name, settings.model_alias, "3")
    assert show(settings, capsys, "history") == [
        f"Desired, by the alias Production; times in {datetime.now().astimezone():%Z}",
        "version accuracy from to moved by",
        "1 0.9910 T T train",
        "2 0.9920 T T promote",
        "unknown - T T (nobody looked)",
        "1 0.9910 T T rollback",
        "3 0.9930 T now by hand",
        "",
        "Active, in the API",
        "No API has reported an active version.",
    ]
    client.delete_model_version(registry.name, "2")
    assert "2 0.9920 T T promote" in show(settings, capsys, "history")


def test_a_killed_promotion_is_not_in_the_history(
    registry: Registry,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry.promote(registry.find(1), None)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry.client, "set_registered_model_alias", fail)
    with pytest.raises(KeyboardInterrupt):
        registry.promote(registry.find(2), registry.desired_version())
    assert show(settings, capsys, "history")[2:4] == ["1 0.9910 T now train", ""]


def test_a_promotion_that_is_killed_after_the_move_is_in_the_history(
    registry: Registry,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry.promote(registry.find(1), None)
    move = registry.client.set_registered_model_alias

    def move_and_fail(*given: str) -> None:
        move(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(registry.client, "set_registered_model_alias", move_and_fail)
    with pytest.raises(KeyboardInterrupt):
        registry.promote(registry.find(2), registry.desired_version())
    assert show(settings, capsys, "history")[2:5] == [
        "1 0.9910 T T train", "2 0.9920 T now train", "",
    ]  # fmt: skip


def test_what_stands_in_tags_is_not_printed_as_it_is(
    registry: Registry, client: MlflowClient, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    escape = "\x1b[2J\n"
    client.set_model_version_tag(registry.name, "1", "test_accuracy", escape)
    registry.promote(registry.find(1), None)
    client.set_model_version_tag(registry.name, "1", "gate", escape)
    at = "2026-01-01T12:00:00.000Z"
    for key in ("desired.0002.2", "unknown.2026-01-01", "moving"):
        client.set_registered_model_tag(
            registry.name, f"history.Production.{key}", f"{at} {escape}"
        )
    assert show(settings, capsys, "history")[2:4] == ["1 - T now train", ""]
    assert show(settings, capsys, "versions")[3].endswith(" ?[2J?")


def test_a_move_that_the_gate_gives_up_is_not_announced_any_more(registry: Registry) -> None:
    """Whoever promotes that version by hand later is not taken for the trainer."""
    registry.promote(registry.find(1), None)
    assert not registry.move_alias(registry.find(2), lambda: False)
    assert registry.history().moving is None
    assert (
        registry.client.get_registered_model(registry.name).tags["history.Production.moving"] == ""
    )
