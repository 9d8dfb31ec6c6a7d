"""The commands as a user starts them: exit codes, sentences, and no harm done on the way."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mnist_trainer.cli import commands
from mnist_trainer.cli.parser import parse_args
from mnist_trainer.errors import TrainerError
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from support.processes import ROOT
from support.trainer.commands import LONG, SECONDS, SHORT, Command, await_line, ended, sentence


@pytest.fixture
def promoted(settings: Settings, client: MlflowClient) -> Registry:
    """A registry with a version in service, and an earlier one."""
    client.create_registered_model(settings.model_name)
    run = client.create_run(client.create_experiment(f"{settings.experiment}-before")).info
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    for number in (1, 2):
        tags = {"test_accuracy": f"0.99{number}0", "gate": "passed", "sha256": "0" * 64}
        source = f"{run.artifact_uri}/model"
        client.create_model_version(settings.model_name, source, run.run_id, tags=tags)
        registry.promote(registry.find(number), over=registry.desired_version())
    return registry


def desired_number(registry: Registry) -> int | None:
    current = registry.desired_version()
    return current.number if current else None


@pytest.mark.parametrize(
    "arguments",
    [
        ["train"],
        ["train", "--if-missing"],
        ["promote", "1"],
        ["rollback"],
        ["versions"],
        ["history"],
        ["robustness"],
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
    environment: dict[str, str], promoted: Registry
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
    line, result = out.splitlines()
    code, modules = json.loads(result)
    assert (code, line) == (0, f"Version 2 of {promoted.name} is promoted; nothing to train.")
    assert not {"tensorflow", "keras", "onnxruntime"} & set(modules)


def test_versions_are_listed_with_the_one_in_service(start: Command, promoted: Registry) -> None:
    heading, second, first = ended(start("versions"), 0)[0].splitlines()
    assert heading.split()[:2] == ["version", "accuracy"]
    assert second.split()[:2] == ["2", "0.9920"]
    assert "Production" in second
    assert first.split()[:2] == ["1", "0.9910"]
    assert "Production" not in first


def test_promote_and_rollback_say_what_they_did(
    settings: Settings, promoted: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    def output_of(*arguments: str) -> str:
        assert commands.run(parse_args(arguments), settings) == 0
        return capsys.readouterr().out

    name = promoted.name
    again = f"Version 2 of {name} is rolled back; version 1 is promoted again.\n"
    assert output_of("rollback") == again
    with pytest.raises(TrainerError, match="no earlier version"):
        output_of("rollback")
    now = f"Version 2 of {name} is promoted; it replaces version 1.\n"
    assert output_of("promote", "2") == now
    assert output_of("promote", "2") == f"Version 2 of {name} is promoted already.\n"
    with pytest.raises(TrainerError, match=f"There is no version 7 of {name}"):
        output_of("promote", "7")
    assert desired_number(promoted) == 2
    assert promoted.find(2).tags["promoted_over"] == "1"


def test_before_the_first_training_there_is_nothing_to_list_or_roll_back(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.run(parse_args(["versions"]), settings) == 0
    assert "There is no version of" in capsys.readouterr().out
    for arguments in (["rollback"], ["promote", "1"], ["robustness"], ["robustness", "1"]):
        with pytest.raises(TrainerError, match=r"(No|There is no) version"):
            commands.run(parse_args(arguments), settings)


def test_an_unknown_version_ends_with_one_sentence(start: Command, promoted: Registry) -> None:
    _, err = ended(start("promote", "7"), 2)
    assert "There is no version 7" in sentence(err)


def test_bad_data_and_bad_settings_end_with_one_sentence(start: Command, tmp_path: Path) -> None:
    _, err = ended(start(*SHORT, DATA_DIR=str(tmp_path)), 2)
    assert "train-images-idx3-ubyte.gz is missing" in sentence(err)
    _, err = ended(start("versions", MODEL_ALIAS="in service"), 2)
    assert "MODEL_ALIAS is 'in service'; allowed is" in sentence(err)
    _, err = ended(start("train", "--epochs=none"), 2)
    assert "--epochs" in sentence(err)


@pytest.mark.slow
def test_a_training_that_is_killed_leaves_production_and_the_next_one_succeeds(
    start: Command, promoted: Registry
) -> None:
    training = start(*LONG)
    await_line(training, "Epoch      3")
    training.kill()
    training.wait()
    assert desired_number(promoted) == 2
    assert len(promoted.versions()) == 2
    out, err = ended(start(*SHORT), 0)
    assert "version 3 has the alias Production" in out
    assert "the champion, version 2, cannot be measured" in out  # it never had a file
    assert err == ""


@pytest.mark.slow
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
