"""What a user has after `docker compose up`, and after the next one."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
from composed import ROOT, Stack, docker
from mlflow import MlflowClient

SERVICES = ("postgres", "minio", "mlflow-server", "api")
ALIASED = "models:/mnist-classifier@Production"


def test_the_black_box_tests_of_a_stack_pass(stack: Stack):
    environ = os.environ | {"API_URL": stack.api_url, "MLFLOW_TRACKING_URI": stack.mlflow_url}
    command = [sys.executable, "-m", "pytest", "-q", "tests/stack"]
    assert subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0


def test_every_service_is_healthy_and_every_one_shot_is_done(stack: Stack):
    assert [stack.health(service) for service in SERVICES] == ["healthy"] * len(SERVICES)
    for one_shot in ("passwords", "bucket", "bootstrap"):
        assert stack.inspect(one_shot)["State"]["ExitCode"] == 0


def test_a_second_up_trains_nothing(
    stack: Stack, registry: MlflowClient, in_service: str, figures: list[str]
):
    versions = len(registry.search_model_versions())
    figures.append(f"`up` when all runs: {stack.up()}")
    assert len(registry.search_model_versions()) == versions
    assert "nothing to train" in stack.do("logs", "--tail=1", "bootstrap")


def test_down_and_up_again_loses_nothing(
    stack: Stack, registry: MlflowClient, in_service: str, figures: list[str]
):
    before = [(v.version, v.run_id, v.tags) for v in registry.search_model_versions()]
    secret = stack.password("mlflow-server", "postgres")
    stack.do("down")
    figures.append(f"`up` after `down`: {stack.up()}")
    assert [(v.version, v.run_id, v.tags) for v in registry.search_model_versions()] == before
    found = registry.get_model_version_by_alias("mnist-classifier", "Production")
    assert str(found.version) == in_service
    assert stack.password("mlflow-server", "postgres") == secret


def test_records_lie_in_postgres(stack: Stack, registry: MlflowClient):
    runs = registry.search_runs([e.experiment_id for e in registry.search_experiments()])
    query = "select count(*) from runs"
    counted = stack.do(
        "exec", "-T", "postgres", "psql", "-U", "mlflow", "-d", "mlflow", "-tAc", query
    )
    assert int(counted) == len(runs) > 0


def test_artifacts_lie_in_minio(stack: Stack):
    objects = stack.do("exec", "-T", "minio", "find", "/var/lib/minio/mlflow", "-name", "xl.meta")
    assert "model.onnx/xl.meta" in objects
    assert "model.keras/xl.meta" in objects


def test_a_notebook_on_the_host_needs_no_credentials_of_the_store(
    stack: Stack, registry: MlflowClient, in_service: str, tmp_path: Path
):
    assert not any(name.startswith("AWS_") and "KEY" in name for name in os.environ)
    noise = np.random.default_rng(0).bytes(8_000_000)
    (tmp_path / "noise.bin").write_bytes(noise)
    mlflow.set_experiment("notebook")
    with mlflow.start_run() as run:
        mlflow.log_metric("accuracy", 0.5)
        mlflow.log_artifact(str(tmp_path / "noise.bin"))
    back = mlflow.artifacts.download_artifacts(
        f"runs:/{run.info.run_id}/noise.bin", dst_path=tempfile.mkdtemp(dir=tmp_path)
    )
    assert Path(back).read_bytes() == noise
    script = (
        "import mlflow, numpy as np; "
        f"model = mlflow.pyfunc.load_model('{ALIASED}'); "
        "print('shape', model.predict(np.zeros((2, 784), np.float32)).shape)"
    )  # a process of its own: TensorFlow warns in ways that are not ours
    environ = os.environ | {"MLFLOW_TRACKING_URI": stack.mlflow_url}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert "shape (2, 10)" in done.stdout, done.stderr


def test_the_idle_stack_is_small(stack: Stack, figures: list[str]):
    """No bound on a figure that the machine decides; each service stays within its own limit."""
    total = 0.0
    for service in SERVICES:
        usage = docker(
            "stats", "--no-stream", "--format={{.MemUsage}}", stack.inspect(service)["Id"]
        )
        number, _, limit = usage.strip().partition(" / ")
        megabytes = float(number.removesuffix("MiB"))
        total += megabytes
        figures.append(f"memory idle: {service} {megabytes:.0f} MiB of {limit}")
    figures.append(f"memory idle: {total:.0f} MiB in all")
