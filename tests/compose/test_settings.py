"""Settings in .env: defaults, validation, another S3."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import mlflow
import pytest

from support.documents import SECURITY
from support.processes import ROOT
from support.stacks.compose import Stack, docker, read_services

EXTERNAL_S3 = {"MINIO_ROOT_USER": "foreign", "MINIO_ROOT_PASSWORD": r"foreign:$100%#$$s\secret"}
IN_VOLUME = r"of-a:version\before-100%#"
FILL_VOLUME = (
    "import os, pathlib, sys; path = pathlib.Path('/run/passwords/postgres/password'); "
    "path.write_text(sys.argv[1]); path.chmod(0o440)"
)


@pytest.fixture
def other(stack: Stack, tmp_path: Path) -> Iterator[Stack]:
    """Another project with the same images that stores its artifacts in an external S3."""
    other = Stack(
        "mnist-compose-test-s3",
        tmp_path,
        COMPOSE_FILE="compose.yaml:compose/s3.yaml",
        S3_ENDPOINT_URL="http://s3.test:9000",
        S3_BUCKET="theirs",
        S3_ACCESS_KEY=EXTERNAL_S3["MINIO_ROOT_USER"],
        S3_SECRET_KEY=f"'{EXTERNAL_S3['MINIO_ROOT_PASSWORD']}'",
        MLFLOW_ALLOWED_HOSTS="mnist.example",
    )
    for image in ("setup", "mlflow-server"):
        docker("tag", f"{stack.project}-{image}", f"{other.project}-{image}")
    other.remove()
    yield other
    docker("rm", "--force", f"{other.project}-s3", check=False)
    other.remove()
    for image in ("setup", "mlflow-server"):
        docker("rmi", "--no-prune", f"{other.project}-{image}")


def test_env_example_lists_every_variable_with_its_default():
    files = (ROOT / "compose.yaml", *sorted((ROOT / "compose").glob("*.yaml")))
    text = "\n".join(file.read_text() for file in files)
    used = dict(re.findall(r"\$\{([A-Z_0-9]+):-([^${}]*)\}", text))
    documented = dict(
        re.findall(r"^#([A-Z_0-9]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M)
    )
    optional = {"POSTGRES_PASSWORD", "MINIO_ROOT_PASSWORD", "S3_SECRET_KEY", "COMPOSE_FILE"}
    assert set(documented) == set(re.findall(r"\$\{([A-Z_0-9]+)", text)) | optional
    differing = {name for name, default in used.items() if default != documented[name]}
    assert differing == set()


def test_only_api_and_mlflow_follow_the_bind_address():
    files = ":".join(("compose.yaml", "compose/proxy.yaml", "compose/monitoring.yaml"))
    services = read_services(COMPOSE_FILE=files, BIND_ADDRESS="10.0.0.7")
    published = {
        (name, port["host_ip"])
        for name, service in services.items()
        for port in service.get("ports", [])
    }
    consoles = {(name, "127.0.0.1") for name in ("minio", "prometheus", "grafana")}
    assert published == consoles | {("proxy", "10.0.0.7")}


def test_the_networks_are_those_of_the_document():
    rows = re.findall(r"^\| `([a-z-]+)` \| (`.*`) \|$", SECURITY.read_text(), re.MULTILINE)
    documented = {name: set(re.findall(r"`([a-z-]+)`", services)) for name, services in rows}
    files = ("access", "proxy", "monitoring", "search", "score")
    services = read_services(
        COMPOSE_FILE=":".join(("compose.yaml", *(f"compose/{name}.yaml" for name in files)))
    )
    networks: dict[str, set[str]] = {}
    for name, service in services.items():
        for network in service.get("networks") or ():
            networks.setdefault(network, set()).add(name)
    assert networks == documented


def test_the_former_name_of_an_overlay_is_answered_with_the_new_one(stack: Stack):
    done = stack.run("config", COMPOSE_FILE="compose.yaml:compose.s3.yaml")
    assert done.returncode != 0
    assert "compose.s3.yaml is compose/s3.yaml now, change COMPOSE_FILE in .env" in done.stdout


def test_up_and_run_build_missing_images_and_pull_none_of_them(stack: Stack, tmp_path: Path):
    fresh = Stack("mnist-compose-test-fresh", tmp_path)
    fresh.behind_proxy = False  # it refuses builds
    try:
        output = fresh.do("up", "--detach", "passwords") + fresh.do(
            "run", "--rm", "--no-deps", "trainer", "--help"
        )
        assert "pull" not in output.lower()
        assert "usage: python -m mnist_trainer" in output
    finally:
        fresh.remove()
        for image in ("setup", "trainer"):
            docker("rmi", f"{fresh.project}-{image}", check=False)


def test_a_port_that_is_not_a_number_is_rejected_with_its_value(stack: Stack):
    rejected = stack.run("config", API_PORT="eight")
    assert rejected.returncode != 0
    assert "eight" in rejected.stdout


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("POSTGRES_PASSWORD", "", "POSTGRES_PASSWORD needs 8 or more characters"),
        ("S3_SECRET_KEY", "short", "S3_SECRET_KEY needs 8 or more characters"),
        ("POSTGRES_PASSWORD", "another-one", "is not the one the database has"),
    ],
)
def test_an_invalid_password_is_rejected_with_an_explanation(
    stack: Stack, name: str, value: str, message: str
):
    rejected = stack.run("run", "--rm", "-T", "passwords", **{name: value})
    assert rejected.returncode == 1
    assert message in rejected.stdout


def test_a_value_in_single_quotes_keeps_its_dollar_signs(other: Stack):
    password = "pa$word$$1${2}"  # noqa: S105 # of a project that lives for a test
    other.do("run", "--rm", "-T", "passwords", POSTGRES_PASSWORD=f"'{password}'")
    read = ("-c", "print(open('/run/passwords/postgres/password').read())")
    assert other.do("run", "--rm", "-T", "passwords", *read).splitlines()[-1] == password


def test_published_images_are_pulled_and_never_built(stack: Stack, tmp_path: Path):
    """With all images here but one, whose address nobody answers."""
    published = Stack(
        "mnist-compose-test-published",
        tmp_path,
        COMPOSE_FILE="compose.yaml:compose/images.yaml",
        IMAGE_PREFIX="127.0.0.1:9/mnist-",
        IMAGE_TAG="main",
    )
    image = "127.0.0.1:9/mnist-setup:main"
    docker("tag", f"{stack.project}-setup", image)
    try:
        published.do("up", "--detach", "--build", "passwords")
        assert published.inspect("passwords")["Config"]["Image"] == image
        missing = published.run("up", "--detach", "--build", "minio")
        assert missing.returncode != 0
        assert "127.0.0.1:9" in missing.stdout
        published.do("build")
        assert docker("images", "--format={{.Repository}}", "127.0.0.1:9/*").split() == [
            image.removesuffix(":main")
        ]
    finally:
        published.remove()
        docker("rmi", "--no-prune", image)


def test_an_overlay_without_its_prefix_is_rejected_with_an_example(stack: Stack):
    rejected = stack.run("config", COMPOSE_FILE="compose.yaml:compose/images.yaml")
    assert rejected.returncode != 0
    assert "such as ghcr.io/owner/mnist-" in rejected.stdout


def test_settings_alone_select_an_external_s3_and_down_removes_everything(
    stack: Stack, other: Stack
):
    """With a password of the database that is in its volume already, as every version made it."""
    keep = ["run", "--rm", "--no-deps", "-T", "passwords", "-c", FILL_VOLUME, IN_VOLUME]
    other.do(*keep)
    other.do("up", "--detach", "--wait", "--no-build", "mlflow-server")
    running = set(other.do("ps", "--services").split())
    assert running == {"postgres", "mlflow-server"}
    assert other.password("mlflow-server", "postgres") == IN_VOLUME
    for host, status in (("mnist.example", 200), ("mlflow-server:5000", 200), ("a.example", 403)):
        url = f"{other.mlflow_url}/api/2.0/mlflow/experiments/get?experiment_id=0"
        assert httpx.get(url, headers={"Host": host}, timeout=30).status_code == status
    environment = [f"--env={name}={value}" for name, value in EXTERNAL_S3.items()]
    docker(
        "run", "--detach", f"--name={other.project}-s3", f"--network={other.project}_front",
        "--network-alias=s3.test", *environment, "--tmpfs=/data:uid=10001",
        f"{stack.project}-minio", "server", "/data",
    )  # fmt: skip
    make_bucket = "from minio import Minio; import sys, time\nfor _ in range(50):\n try:\n  "
    make_bucket += "Minio(endpoint='s3.test:9000', access_key='foreign', secret_key=sys.argv[1], "
    make_bucket += "secure=False).make_bucket('theirs'); break\n except Exception: time.sleep(.2)"
    image, secret = f"{other.project}-setup", EXTERNAL_S3["MINIO_ROOT_PASSWORD"]
    docker("run", "--rm", f"--network={other.project}_front", image, "-c", make_bucket, secret)
    mlflow.set_tracking_uri(other.mlflow_url)
    try:
        with mlflow.start_run(experiment_id="0"):  # whichever a test before has set
            mlflow.log_text("external", "note.txt")
    finally:
        mlflow.set_tracking_uri(stack.mlflow_url)
    assert docker("exec", f"{other.project}-s3", "find", "/data/theirs", "-name", "note.txt")
    docker("rm", "--force", f"{other.project}-s3")
    other.remove()
    assert other.resources() == ""
