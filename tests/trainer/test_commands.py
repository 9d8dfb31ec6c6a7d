"""The commands as a user starts them: exit codes, sentences, and no harm done on the way."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Command
from mlflow import MlflowClient
from started import LONG, SECONDS, SHORT, await_line, ended, sentence

from mnist_trainer.cli import commands
from mnist_trainer.cli.parser import parse
from mnist_trainer.errors import TrainerError
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry


@pytest.fixture
def in_service(settings: Settings, client: MlflowClient) -> Registry:
    """A registry with a version in service, and an earlier one."""
    client.create_registered_model(settings.model_name)
    run = client.create_run(client.create_experiment(f"{settings.experiment}-before")).info
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    for number in (1, 2):
        tags = {"test_accuracy": f"0.99{number}0", "gate": "passed"}
        source = f"{run.artifact_uri}/model"
        client.create_model_version(settings.model_name, source, run.run_id, tags=tags)
        registry.promote(registry.find(number), over=registry.in_service())
    return registry


def number_in_service(registry: Registry) -> int | None:
    current = registry.in_service()
    return current.number if current else None


@pytest.mark.parametrize(
    "arguments",
    [
        ["train"],
        ["train", "--if-missing"],
        ["promote", "1"],
        ["rollback"],
        ["versions"],
        ["resume-upload"],
    ],
)
def test_a_server_that_is_away_is_said_in_one_sentence_within_seconds(
    start: Command, arguments: list[str]
) -> None:
    out, err = ended(start(*arguments, MLFLOW_TRACKING_URI="http://127.0.0.1:9"), 2)
    assert out == ""
    assert "No tracking server answers at http://127.0.0.1:9" in sentence(err)


def test_if_missing_does_nothing_where_a_version_is_in_service(
    environment: dict[str, str], in_service: Registry
) -> None:
    """And does not even load TensorFlow."""
    script = (
        "import json, sys; from mnist_trainer.__main__ import main;"
        "print(json.dumps([main(['train', '--if-missing']), sorted(sys.modules)]))"
    )
    out = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT / "trainer",
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    ).stdout
    said, result = out.splitlines()
    code, modules = json.loads(result)
    assert (code, said) == (0, f"Version 2 of {in_service.name} is in service; nothing to train.")
    assert not {"tensorflow", "keras", "onnxruntime"} & set(modules)


def test_versions_are_listed_with_the_one_in_service(start: Command, in_service: Registry) -> None:
    heading, second, first = ended(start("versions"), 0)[0].splitlines()
    assert heading.split()[:2] == ["version", "accuracy"]
    assert second.split()[:2] == ["2", "0.9920"]
    assert "Production" in second
    assert first.split()[:2] == ["1", "0.9910"]
    assert "Production" not in first


def test_promote_and_rollback_say_what_they_did(
    settings: Settings, in_service: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*arguments: str) -> str:
        assert commands.run(parse(arguments), settings) == 0
        return capsys.readouterr().out

    name = in_service.name
    again = f"Version 1 of {name} is in service again, in the place of version 2.\n"
    assert told("rollback") == again
    with pytest.raises(TrainerError, match="no earlier version"):
        told("rollback")
    now = f"Version 2 of {name} is now in service, in the place of version 1.\n"
    assert told("promote", "2") == now
    assert told("promote", "2") == f"Version 2 of {name} is in service already.\n"
    with pytest.raises(TrainerError, match=f"There is no version 7 of {name}"):
        told("promote", "7")
    assert number_in_service(in_service) == 2
    assert in_service.find(2).tags["promoted_over"] == "1"


def test_before_the_first_training_there_is_nothing_to_list_or_roll_back(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.run(parse(["versions"]), settings) == 0
    assert "There is no version of" in capsys.readouterr().out
    for arguments in (["rollback"], ["promote", "1"]):
        with pytest.raises(TrainerError, match=r"(No|There is no) version"):
            commands.run(parse(arguments), settings)


def test_an_unknown_version_ends_with_one_sentence(start: Command, in_service: Registry) -> None:
    _, err = ended(start("promote", "7"), 2)
    assert "There is no version 7" in sentence(err)


def test_bad_data_and_bad_settings_end_with_one_sentence(start: Command, tmp_path: Path) -> None:
    _, err = ended(start(*SHORT, DATA_DIR=str(tmp_path)), 2)
    assert "train-images-idx3-ubyte.gz is missing" in sentence(err)
    _, err = ended(start("versions", MODEL_ALIAS="in service"), 2)
    assert "MODEL_ALIAS is 'in service'; allowed is" in sentence(err)
    _, err = ended(start("train", "--epochs=none"), 2)
    assert "--epochs" in sentence(err)


def test_a_training_that_is_killed_leaves_production_and_the_next_one_succeeds(
    start: Command, in_service: Registry
) -> None:
    training = start(*LONG)
    await_line(training, "Epoch      3")
    training.kill()
    training.wait()
    assert number_in_service(in_service) == 2
    assert len(in_service.versions()) == 2
    out, err = ended(start(*SHORT), 0)
    assert "version 3 is in service as Production" in out
    assert "version 2 is in service and cannot be measured" in out  # it never had a file
    assert err == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_training_that_is_stopped_ends_its_run_as_killed(
    start: Command, settings: Settings, client: MlflowClient, number: signal.Signals, code: int
) -> None:
    training = start(*LONG)
    await_line(training, "Epoch      3")
    training.send_signal(number)
    _, err = ended(training, code)
    assert sentence(err) == f"Stopped by {number.name}.\n"
    experiment = client.get_experiment_by_name(settings.experiment)
    assert experiment
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "KILLED"
    assert len(client.get_metric_history(run.info.run_id, "val_accuracy")) >= 2
    assert not client.search_model_versions(f"name='{settings.model_name}'")
