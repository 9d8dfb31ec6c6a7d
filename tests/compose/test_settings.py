"""What .env may change, and what it may not."""

import re
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from composed import ROOT, Stack, docker

FOREIGN = {"MINIO_ROOT_USER": "foreign", "MINIO_ROOT_PASSWORD": "foreign-secret"}


@pytest.fixture
def other(stack: Stack, tmp_path: Path) -> Iterator[Stack]:
    """Another project of the same images; its artifacts go to an S3 that is not its own."""
    other = Stack(
        "mnist-compose-test-s3",
        tmp_path,
        COMPOSE_FILE="compose.yaml:compose.s3.yaml",
        S3_ENDPOINT_URL="http://s3.test:9000",
        S3_BUCKET="theirs",
        S3_ACCESS_KEY=FOREIGN["MINIO_ROOT_USER"],
        S3_SECRET_KEY=FOREIGN["MINIO_ROOT_PASSWORD"],
    )
    for image in ("setup", "mlflow-server"):
        docker("tag", f"{stack.project}-{image}", f"{other.project}-{image}")
    other.remove()
    yield other
    docker("rm", "--force", f"{other.project}-s3", check=False)
    other.remove()
    for image in ("setup", "mlflow-server"):
        docker("rmi", "--no-prune", f"{other.project}-{image}")


def test_every_variable_has_its_line_of_explanation_and_the_default_that_holds():
    used = dict(re.findall(r"\$\{([A-Z_0-9]+):-([^}]*)\}", (ROOT / "compose.yaml").read_text()))
    shown = dict(re.findall(r"^#([A-Z_0-9]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))
    optional = {"POSTGRES_PASSWORD", "MINIO_ROOT_PASSWORD", "S3_SECRET_KEY", "COMPOSE_FILE"}
    assert set(shown) == set(used) | optional
    differing = {name for name, default in used.items() if default != shown[name]}
    assert differing == set()


def test_up_and_run_build_what_is_missing_and_ask_no_registry_for_it(stack: Stack, tmp_path: Path):
    fresh = Stack("mnist-compose-test-fresh", tmp_path)
    try:
        said = fresh.do("up", "--detach", "passwords") + fresh.do(
            "run", "--rm", "--no-deps", "trainer", "--help"
        )
        assert "pull" not in said.lower()
        assert "usage: python -m mnist_trainer" in said
    finally:
        fresh.remove()
        for image in ("setup", "trainer"):
            docker("rmi", f"{fresh.project}-{image}", check=False)


def test_a_port_that_is_no_number_is_refused_with_a_sentence(stack: Stack):
    refused = stack.run("config", API_PORT="eight")
    assert refused.returncode != 0
    assert "eight" in refused.stdout


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("POSTGRES_PASSWORD", "", "POSTGRES_PASSWORD needs 8 or more characters"),
        ("S3_SECRET_KEY", "short", "S3_SECRET_KEY needs 8 or more characters"),
        ("POSTGRES_PASSWORD", "another-one", "is not the one the database was made with"),
    ],
)
def test_a_password_that_cannot_be_is_refused_with_a_sentence(
    stack: Stack, name: str, value: str, sentence: str
):
    refused = stack.run("run", "--rm", "-T", "passwords", **{name: value})
    assert refused.returncode == 1
    assert sentence in refused.stdout


def test_artifacts_go_to_another_s3_by_settings_alone_and_nothing_is_left_behind(
    stack: Stack, other: Stack
):
    other.do("up", "--detach", "--wait", "--no-build", "mlflow-server")
    running = set(other.do("ps", "--services").split())
    assert running == {"postgres", "mlflow-server"}
    environment = [f"--env={name}={value}" for name, value in FOREIGN.items()]
    docker(
        "run", "--detach", f"--name={other.project}-s3", f"--network={other.project}_front",
        "--network-alias=s3.test", *environment, "--tmpfs=/data:uid=10001",
        f"{stack.project}-minio", "server", "/data",
    )  # fmt: skip
    make = "from minio import Minio; import time\nfor _ in range(50):\n try:\n  "
    make += "Minio(endpoint='s3.test:9000', access_key='foreign', secret_key='foreign-secret', "
    make += "secure=False).make_bucket('theirs'); break\n except Exception: time.sleep(.2)"
    image = f"{other.project}-setup"
    docker("run", "--rm", f"--network={other.project}_front", image, "-c", make)
    mlflow.set_tracking_uri(other.mlflow_url)
    try:
        with mlflow.start_run():
            mlflow.log_text("over there", "note.txt")
    finally:
        mlflow.set_tracking_uri(stack.mlflow_url)
    stored = docker("exec", f"{other.project}-s3", "find", "/data/theirs", "-name", "note.txt")
    assert stored
    docker("rm", "--force", f"{other.project}-s3")
    other.remove()
    assert other.remains() == ""
