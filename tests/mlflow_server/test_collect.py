"""Garbage collection removes what nothing needs, and nothing that a registered version names."""

import json
import subprocess
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from support.servers.backups import start_with
from support.servers.tracking import FOLDER, PYTHON, TrackingServer, environ

PAUSE = """
import builtins
said = print
builtins.print = lambda *values: (said(*values, flush=True), input())
"""  # after each line that is printed
ORPHAN, ORPHAN_MODEL = "0123456789abcdef" * 2, f"m-{'fedcba9876543210' * 2}"


class Data:
    """Runs and models in an experiment of their own, by the server's client."""

    def __init__(self, server: TrackingServer, folder: Path, name: str = "collected") -> None:
        self.client = MlflowClient(server.url, server.url)
        self.experiment = self.client.create_experiment(name)
        self.artifacts = server.log.parent / "artifacts" / self.experiment
        self.note = folder / "note.txt"
        self.note.write_text("noted")
        self.cache = folder / "cache"
        self.environ = environ(server.log.parent, MODEL_CACHE=str(self.cache))

    def add_run(self) -> str:
        run = self.client.create_run(self.experiment).info.run_id
        self.client.log_artifact(run, str(self.note), "model")
        return str(run)

    def add_model(self, run: str) -> str:
        model = self.client.create_logged_model(self.experiment, source_run_id=run).model_id
        self.add_file(f"models/{model}/artifacts/model.onnx")
        return str(model)

    def register(self, source: str, run: str | None = None, model: str | None = None) -> None:
        self.client.create_model_version("kept", source, run, model_id=model)

    def add_file(self, path: str) -> None:
        file = self.artifacts / path
        file.parent.mkdir(parents=True)
        file.write_text("content")

    def cache_version(self, number: str, model: str = "kept", *, is_active: bool = False) -> Path:
        """Write what the API does."""
        version = {"name": model, "version": number}
        folder = self.cache / model / number
        folder.mkdir(parents=True)
        (folder / "version.json").write_text(json.dumps(version))
        if is_active:
            (folder.parent / "in-service.json").write_text(json.dumps({"version": version}))
        return folder

    def files(self) -> set[str]:
        found = self.artifacts.rglob("*")
        return {str(path.relative_to(self.artifacts)) for path in found if path.is_file()}

    def collect(self, *arguments: str) -> str:
        command = [PYTHON, FOLDER / "collect.py", *arguments]
        done = subprocess.run(
            command, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
        return done.stdout


def test_only_what_no_version_and_no_run_needs_is_listed_and_then_removed(
    server: TrackingServer, tmp_path: Path
):
    data = Data(server, tmp_path)
    data.client.create_registered_model("kept")
    running, by_run, by_model, deleted = (data.add_run() for _ in range(4))
    data.register(f"mlflow-artifacts:/{data.experiment}/{by_run}/artifacts/model", run=by_run)
    kept_model, kept_too, deleted_model = map(data.add_model, (by_model, by_run, deleted))
    data.register(f"models:/{kept_model}", model=kept_model)
    data.client.delete_logged_model(kept_model)
    for run in (by_run, by_model, deleted):
        data.client.delete_run(run)
    data.add_file("notes/by-hand.txt")
    kept = data.files() - {
        f"{deleted}/artifacts/model/note.txt", f"models/{deleted_model}/artifacts/model.onnx"
    }  # fmt: skip
    data.add_file(f"{ORPHAN}/artifacts/note.txt")
    data.add_file(f"models/{ORPHAN_MODEL}/artifacts/model.onnx")
    before = data.files()
    registered, unregistered = data.cache_version("1"), data.cache_version("7")
    active = data.cache_version("8", is_active=True)
    data.cache_version("7", "another", is_active=True)

    listed = data.collect()
    assert data.files() == before
    assert "Nothing is removed yet: make gc APPLY=1" in listed
    for name in (deleted, deleted_model, ORPHAN, ORPHAN_MODEL, str(unregistered)):
        assert name in listed
    for name in (running, by_run, by_model, kept_model, kept_too, "notes"):
        assert name not in listed

    removed = data.collect("--apply")
    assert removed.replace("Removing", "Would remove").splitlines()[:-1] == listed.splitlines()[:-1]
    assert data.files() == kept
    assert {path.name for path in (data.cache / "kept").iterdir()} == {
        "in-service.json", registered.name, active.name
    }  # fmt: skip
    with pytest.raises(MlflowException, match=deleted):
        data.client.get_run(deleted)
    for run in (running, by_run, by_model):
        assert data.client.get_run(run).info.run_id == run
    assert data.client.get_logged_model(kept_too).model_id == kept_too
    assert data.collect() == "There is nothing to collect.\n"


def test_what_a_deleted_version_used_is_collected(server: TrackingServer, tmp_path: Path):
    """MLflow keeps the version's row, with the location of its files."""
    client = MlflowClient(server.url, server.url)
    data = Data(server, tmp_path, "deleted")
    client.create_registered_model("deleted")
    run = data.add_run()
    model = data.add_model(run)
    client.create_model_version("deleted", f"models:/{model}", run, model_id=model)
    cached = data.cache_version("1", "deleted")
    client.delete_run(run)
    assert data.collect() == "There is nothing to collect.\n"
    client.delete_model_version("deleted", "1")
    removed = data.collect("--apply")
    assert all(name in removed for name in (run, model, str(cached)))
    assert data.files() == set()


def test_what_is_needed_again_when_it_is_listed_is_not_removed(
    server: TrackingServer, tmp_path: Path
):
    data = Data(server, tmp_path, "needed again")
    data.client.create_registered_model("needed again")
    registered, restored, deleted = (data.add_run() for _ in range(3))
    model, other = data.add_model(registered), data.add_model(restored)
    kept = data.files() - {f"{deleted}/artifacts/model/note.txt"}
    for run in (registered, restored, deleted):
        data.client.delete_run(run)
    with subprocess.Popen(
        [PYTHON, FOLDER / "collect.py", "--apply"],
        env=data.environ | start_with(PAUSE, tmp_path),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline().startswith("Removing ")
        data.client.restore_run(restored)
        source = f"models:/{model}"
        data.client.create_model_version("needed again", source, registered, model_id=model)
        said = process.communicate("\n" * 99)[0]
    assert process.returncode == 0
    for owner in (registered, restored, model, other):
        assert f"Kept {owner}, which is needed again." in said
    assert data.files() == kept
    with pytest.raises(MlflowException, match=deleted):
        data.client.get_run(deleted)


def test_a_folder_outside_the_artifact_store_is_never_removed(
    server: TrackingServer, tmp_path: Path
):
    """Whoever may create an experiment names its folder: `file:///any/folder`.

    As in Kubernetes, the collection has no MODEL_CACHE to look at.
    """
    client = MlflowClient(server.url, server.url)
    above = server.log.parent / "above"
    locations = {tmp_path: tmp_path.as_uri(), above: "mlflow-artifacts:/../above"}
    runs = {}
    for folder, location in locations.items():
        experiment = client.create_experiment(location, artifact_location=location)
        run = client.create_run(experiment).info.run_id
        runs[run] = folder / run / "artifacts"
        runs[run].mkdir(parents=True)
        client.delete_run(run)
    command = [PYTHON, FOLDER / "collect.py", "--apply"]
    subprocess.run(
        command,
        env=environ(server.log.parent),
        capture_output=True,
        check=True,
    )
    for run, folder in runs.items():
        with pytest.raises(MlflowException, match=run):
            client.get_run(run)
        assert folder.is_dir()
