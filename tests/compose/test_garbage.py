"""`make gc` in the composed stack: on Postgres, in the bucket, and in the API's cache."""

from pathlib import Path

import mlflow
from mlflow import MlflowClient

from local import programs
from support.processes import wait_until
from support.stacks.compose import Stack

COLLECT = programs.composed_gc("mnist-compose-test-collection", []).command[2:]
CACHE = (
    "import json, pathlib; folder = pathlib.Path('/cache/mnist-classifier/999'); folder.mkdir(); "
    'text = json.dumps({"name": "mnist-classifier", "version": "999"}); '
    "(folder / 'version.json').write_text(text)"
)


def test_a_deleted_run_its_artifacts_and_an_unregistered_version_are_collected(
    stack: Stack, registry: MlflowClient, production_version: str, tmp_path: Path
):
    """And not the version in production, although its run is deleted."""
    kept = registry.get_model_version("mnist-classifier", production_version).run_id
    registry.delete_run(kept)
    experiment = registry.create_experiment("collected")
    run = registry.create_run(experiment).info.run_id
    registry.log_text(run, "to be collected", "note.txt")
    registry.delete_run(run)
    stack.do("exec", "-T", "api", "python", "-c", CACHE)
    bucket = ("exec", "-T", "minio", "ls", f"/var/lib/minio/mlflow/{experiment}")
    listed = stack.do(*COLLECT)
    assert f"Would remove the deleted run {run}" in listed
    assert "Would remove the cached version /cache/mnist-classifier/999" in listed
    assert f"/{production_version}," not in listed
    assert kept not in listed
    assert run in stack.do(*bucket)
    assert f"Removing the deleted run {run}" in stack.do(*COLLECT, "--apply")
    assert run not in stack.run(*bucket).stdout
    assert "nothing to collect" in stack.do(*COLLECT)
    registry.restore_run(kept)
    version = f"models:/mnist-classifier/{production_version}"
    mlflow.artifacts.download_artifacts(version, dst_path=str(tmp_path))
    assert list(tmp_path.rglob("model.onnx"))
    stack.do("restart", "api")
    stack.wait_for("api", "healthy")
    wait_until(stack.predicts)
