"""Unsent trainings that cannot be sent: each is named in a sentence, stays, and stops no other."""

import fcntl
import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mnist_trainer.data import dataset as data
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.errors import SettingError
from mnist_trainer.pipeline import outbox, release
from mnist_trainer.settings import Settings, read_settings
from mnist_trainer.tracking.health import ServerError
from support.trainer.trainings import TINIER, alias_of, command

pytestmark = pytest.mark.slow

RECORD = "training.json"


def leave_unsent(settings: Settings) -> Path:
    """Train, and return the folder of a training whose delivery did not begin."""

    def fail(*given: object) -> None:
        raise ServerError("Away.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, "wait_until_healthy", fail)
        with pytest.raises(ServerError):
            command(settings, *TINIER)
    assert settings.models_dir
    (left,) = outbox.list_folders(settings.models_dir)
    return left


@pytest.fixture
def folder(settings: Settings) -> Path:
    """An unsent training of this test's own."""
    return leave_unsent(settings)


@pytest.fixture(scope="module")
def specimen(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unsent training to be copied and damaged."""
    models = tmp_path_factory.mktemp("models")
    names = {"MLFLOW_EXPERIMENT_NAME": "specimen", "MODEL_NAME": "specimen"}
    return leave_unsent(
        read_settings({"MLFLOW_TRACKING_URI": server, "MODELS_DIR": str(models)} | names, SHIPPED)
    )


def refused(
    settings: Settings, capfd: pytest.CaptureFixture[str], folder: Path, *arguments: str
) -> str:
    """Return the one sentence that is printed of a folder, which stays."""
    capfd.readouterr()
    assert command(settings, "resume-upload", *arguments) == 2
    message = capfd.readouterr().err
    assert message.count("\n") == 1
    assert message.endswith(f" {folder} stays as it is.\n")
    assert folder.exists()
    return message


def test_one_that_learned_other_data_needs_them(
    settings: Settings,
    client: MlflowClient,
    folder: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    others = shutil.copytree(data.SHIPPED, tmp_path / "others")
    labels = bytearray(gzip.decompress((others / "t10k-labels-idx1-ubyte.gz").read_bytes()))
    labels[-1] = (labels[-1] + 1) % 10
    (others / "t10k-labels-idx1-ubyte.gz").unlink()
    (others / "t10k-labels-idx1-ubyte").write_bytes(labels)
    message = refused(replace(settings, data_dir=others), capfd, folder)
    assert f"Run {folder.name} was trained on mnist" in message
    assert f"DATA_DIR is {others}, which holds others" in message
    assert client.get_run(folder.name).info.status == "FAILED", "it is not even opened"
    assert command(settings, "resume-upload", folder.name) == 0


@pytest.mark.parametrize("spoilt", ["training.json", "model.keras", "model.onnx"])
@pytest.mark.parametrize("how", ["missing", "cut", "other"])
def test_a_damaged_one_is_named(
    settings: Settings, specimen: Path, capfd: pytest.CaptureFixture[str], spoilt: str, how: str
) -> None:
    assert settings.models_dir
    folder = settings.models_dir / "unsent" / specimen.name
    shutil.copytree(specimen, folder)
    whole = (folder / spoilt).read_bytes()
    match how:
        case "missing":
            (folder / spoilt).unlink()
        case "cut":
            (folder / spoilt).write_bytes(whole[: len(whole) // 2])
        case "other":
            (folder / spoilt).write_bytes(b"[]")
    message = refused(settings, capfd, folder)
    assert f"{folder} is {'incomplete' if how == 'missing' else 'damaged'}: " in message
    assert spoilt in message


def test_a_damaged_one_does_not_stop_the_others(
    settings: Settings, client: MlflowClient, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    damaged = folder.with_name("0" * 32)
    damaged.mkdir()
    empty = folder.with_name("1" * 32)
    shutil.copytree(folder, empty)
    (empty / RECORD).write_text(json.dumps({"run_id": "1" * 32}))
    capfd.readouterr()
    assert command(settings, "resume-upload") == 2
    assert capfd.readouterr().err.count("stays as it is") == 2
    assert alias_of(settings, client) == "1"
    assert not folder.exists()


def test_a_run_that_is_gone_is_said(
    settings: Settings, client: MlflowClient, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    client.delete_run(folder.name)
    assert f"Run {folder.name} was deleted; restore it" in refused(settings, capfd, folder)
    record = json.loads((folder / RECORD).read_text()) | {"run_id": "f" * 32}
    (folder / RECORD).write_text(json.dumps(record))
    message = refused(settings, capfd, folder)
    assert f"Run {'f' * 32} is not on the tracking server at {settings.tracking_uri}" in message


def test_one_that_is_being_sent_is_left_to_whoever_sends_it(
    settings: Settings, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert command(settings, "resume-upload") == 2
    assert capfd.readouterr().err == f"{folder} is being sent by another process just now.\n"


def test_another_run_than_those_that_are_kept_is_not_sent(
    settings: Settings, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert command(settings, "resume-upload", "c0ffee") == 0
    assert capfd.readouterr().out == f"Of run c0ffee nothing is unsent in {settings.models_dir}.\n"
    assert folder.exists()


def test_where_nothing_is_kept_there_is_nothing_to_send(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(settings, "resume-upload") == 0
    assert capfd.readouterr().out == f"Nothing is unsent in {settings.models_dir}.\n"
    with pytest.raises(SettingError, match="MODELS_DIR is not set"):
        command(replace(settings, models_dir=None), "resume-upload")


def test_a_training_without_a_folder_says_that_nothing_is_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise ServerError("Away.")

    monkeypatch.setattr(release, "wait_until_healthy", fail)
    with pytest.raises(ServerError, match=r"MODELS_DIR is not set\. No copy of the trained model"):
        command(replace(settings, models_dir=None), *TINIER)
