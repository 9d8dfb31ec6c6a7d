"""The stack after `docker compose up`, after a second `up`, and after `down` and `up`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
from mlflow import MlflowClient

from support.processes import ROOT
from support.stacks.compose import ONE_SHOTS, RUNNING, Stack, docker
from support.stacks.kills import KILLED

MODEL_URI = "models:/mnist-classifier@Production"


def test_the_black_box_tests_of_a_stack_pass(stack: Stack):
    environ = os.environ | {"API_URL": stack.api_url, "MLFLOW_TRACKING_URI": stack.mlflow_url}
    command = [sys.executable, "-m", "pytest", "-q", "tests/stack"]
    assert subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0


def test_every_service_is_healthy_and_every_one_shot_has_exited_with_0(stack: Stack):
    assert [stack.health(service) for service in RUNNING] == ["healthy"] * len(RUNNING)
    for one_shot in ONE_SHOTS:
        assert stack.inspect(one_shot)["State"]["ExitCode"] == 0


def test_a_second_up_trains_nothing(
    stack: Stack, registry: MlflowClient, production_version: str, measurements: list[str]
):
    versions = len(registry.search_model_versions())
    measurements.append(f"`up` when all runs: {stack.up()}")
    assert len(registry.search_model_versions()) == versions
    assert "nothing to train" in stack.do("logs", "--tail=1", "bootstrap")


def test_down_and_up_keep_versions_alias_and_password_and_every_service_stops_gracefully(
    stack: Stack, registry: MlflowClient, production_version: str, measurements: list[str]
):
    before = [(v.version, v.run_id, v.tags) for v in registry.search_model_versions()]
    secret = stack.password("mlflow-server", "postgres")
    stack.do("stop")
    codes = {name: stack.inspect(name)["State"]["ExitCode"] for name in RUNNING}
    assert KILLED not in codes.values(), codes
    assert codes["postgres"] == 0
    stack.do("down")
    measurements.append(f"`up` after `down`: {stack.up()}")
    assert [(v.version, v.run_id, v.tags) for v in registry.search_model_versions()] == before
    version = registry.get_model_version_by_alias("mnist-classifier", "Production")
    assert str(version.version) == production_version
    assert stack.password("mlflow-server", "postgres") == secret


def test_runs_are_stored_in_postgres(stack: Stack, registry: MlflowClient):
    runs = registry.search_runs([e.experiment_id for e in registry.search_experiments()])
    query = "select count(*) from runs"
    count = stack.do(
        "exec", "-T", "postgres", "psql", "-U", "mlflow", "-d", "mlflow", "-tAc", query
    )
    assert int(count) == len(runs) > 0


def test_artifacts_are_stored_in_minio(stack: Stack):
    objects = stack.do("exec", "-T", "minio", "find", "/var/lib/minio/mlflow", "-name", "xl.meta")
    assert "model.onnx/xl.meta" in objects
    assert "model.keras/xl.meta" in objects


def test_a_notebook_on_the_host_needs_no_s3_credentials(
    stack: Stack, registry: MlflowClient, production_version: str, tmp_path: Path
):
    assert not any(name.startswith("AWS_") and "KEY" in name for name in os.environ)
    noise = np.random.default_rng(0).bytes(8_000_000)
    (tmp_path / "noise.bin").write_bytes(noise)
    mlflow.set_experiment("notebook")
    with mlflow.start_run() as run:
        mlflow.log_metric("accuracy", 0.5)
        mlflow.log_artifact(str(tmp_path / "noise.bin"))
    downloaded = mlflow.artifacts.download_artifacts(
        f"runs:/{run.info.run_id}/noise.bin", dst_path=tempfile.mkdtemp(dir=tmp_path)
    )
    assert Path(downloaded).read_bytes() == noise
    script = (
        "import mlflow, numpy as np; "
        f"model = mlflow.pyfunc.load_model('{MODEL_URI}'); "
        "print('shape', model.predict(np.zeros((2, 784), np.float32)).shape)"
    )  # in another process, as TensorFlow's warnings are errors in this one
    environ = os.environ | {"MLFLOW_TRACKING_URI": stack.mlflow_url}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert "shape (2, 10)" in done.stdout, done.stderr


def test_the_memory_of_the_idle_stack_is_reported(stack: Stack, measurements: list[str]):
    """No limit is asserted, as memory depends on the machine; each service has its own limit."""
    total = 0.0
    for service in RUNNING:
        usage = docker(
            "stats", "--no-stream", "--format={{.MemUsage}}", stack.inspect(service)["Id"]
        )
        number, _, limit = usage.strip().partition(" / ")
        megabytes = float(number.removesuffix("MiB"))
        total += megabytes
        measurements.append(f"memory idle: {service} {megabytes:.0f} MiB of {limit}")
    measurements.append(f"memory idle: {total:.0f} MiB in total")
