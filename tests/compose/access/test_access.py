"""What can be reached from where, with which secret, and where the secrets are."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from support.stacks.compose import Stack, check_hardened, docker
from support.stacks.guarded import ACCOUNTS, SEARCH, SECRETS, GuardedStack

CLOSED = ("/model", "/drift", "/metrics", "/version", "/v2", "/v2/health/live")
MLFLOW_CLOSED = ("/", "/signup", "/version", "/get-artifact", "/graphql", SEARCH)
# Who may connect to what; a name that a service cannot resolve is one that it cannot reach.
ADDRESSES = {
    "postgres:5432", "minio:9000", "mlflow-server:5000", "api:8000", "api-behind-proxy:8000",
    "proxy:8000", "proxy:5000",
}  # fmt: skip
FRONT = {"mlflow-server:5000", "api:8000", "proxy:8000", "proxy:5000"}
DATA = {"postgres:5432", "minio:9000", "mlflow-server:5000"}
REACHED = {
    "api": FRONT | {"api-behind-proxy:8000"},
    "proxy": FRONT | {"api-behind-proxy:8000"},
    "mlflow-server": FRONT | DATA,
    "postgres": DATA,
    "minio": DATA,
}
CONNECT = 'for a; do (exec 3<>"/dev/tcp/${a%:*}/${a#*:}") 2>/dev/null && echo "$a"; done; true'
READ_ALL = """
import pathlib
for path in pathlib.Path("/run/passwords").glob("*/password"):
    print(f"SECRET={path.parent.name}={path.read_text()}")
"""


@pytest.fixture(scope="module")
def foreign(guarded: GuardedStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The secrets of another stack with accounts."""
    folder = tmp_path_factory.mktemp("foreign")
    images = {name: guarded.settings[name] for name in ("IMAGE_PREFIX", "IMAGE_TAG")}
    files = "compose.yaml:compose/images.yaml:compose/access.yaml"
    other = Stack(f"{guarded.project}-foreign", folder, COMPOSE_FILE=files, **images)
    other.remove()
    try:
        other.do("run", "--rm", "-T", "passwords")
        output = other.do("run", "--rm", "-T", "passwords", "-c", READ_ALL)
        return dict(re.findall(r"SECRET=(.+)=(.+)", output))
    finally:
        other.remove()


def test_every_route_but_health_and_the_pages_needs_the_token(guarded: GuardedStack):
    token = guarded.bearer()
    assert guarded.send(f"{guarded.api_url}/model", token) == 200
    for path in ("/", "/docs", "/health"):
        assert guarded.send(f"{guarded.api_url}{path}") == 200, path
    for path in CLOSED:
        assert guarded.send(f"{guarded.api_url}{path}") == 401, path
    for path in ("/predict", "/digit", "/invocations"):
        assert guarded.send(f"{guarded.api_url}{path}", method="POST", json={}) == 401, path


def test_mlflow_needs_an_account_but_for_health_and_server_info(guarded: GuardedStack):
    for path in ("/health", "/ajax-api/3.0/mlflow/server-info"):
        assert guarded.send(f"{guarded.mlflow_url}{path}") == 200, path
    for path in MLFLOW_CLOSED:
        assert guarded.send(f"{guarded.mlflow_url}{path}") == 401, path
    assert guarded.send(f"{guarded.mlflow_url}/metrics", guarded.basic("admin")) == 404
    for name in ACCOUNTS:
        assert guarded.send(f"{guarded.mlflow_url}{SEARCH}", guarded.basic(name)) == 200, name


def test_the_secrets_of_another_stack_are_refused(guarded: GuardedStack, foreign: dict[str, str]):
    assert set(foreign) == set(SECRETS)
    assert not set(foreign.values()) & set(guarded.secrets().values())
    assert guarded.find_accepted(foreign) == set()


def test_trainer_and_api_may_do_with_mlflow_what_they_need_and_no_more(guarded: GuardedStack):
    root = f"{guarded.mlflow_url}/api/2.0/mlflow"
    someone = {"username": "someone", "password": "long enough, too"}
    renamed = {"experiment_id": "1", "new_name": "taken over"}
    forbidden = (
        ("trainer", "POST", "users/create", someone),
        ("api", "POST", "users/create", someone),
        ("api", "POST", "experiments/update", renamed),
        ("api", "DELETE", "registered-models/delete", {"name": "mnist-classifier"}),
    )
    for name, method, route, body in forbidden:
        account = guarded.basic(name)
        status = guarded.send(f"{root}/{route}", account, method=method, json=body)
        assert status == 403, (name, route)
    history = guarded.do("run", "--rm", "-T", "trainer", "history")
    assert "Active, in the API\nversion" in history, "the API writes it with its account"
    assert "Version 1 is active" in guarded.do("run", "--rm", "-T", "trainer", "versions")


@pytest.mark.parametrize("service", REACHED)
def test_a_service_reaches_only_its_neighbours(guarded: GuardedStack, service: str):
    command = ("timeout", "20", "bash", "-c", CONNECT, "-", *sorted(ADDRESSES))
    reached = set(guarded.do("exec", "-T", service, *command).split())
    assert reached == REACHED[service]


def test_only_the_proxy_and_the_console_are_published(guarded: GuardedStack):
    published = set()
    for service in REACHED:
        for port, bindings in guarded.inspect(service)["NetworkSettings"]["Ports"].items():
            published |= {(service, port, binding["HostIp"]) for binding in bindings or []}
    local = "127.0.0.1"
    assert published == {
        ("proxy", "8000/tcp", local), ("proxy", "5000/tcp", local), ("minio", "9001/tcp", local),
    }  # fmt: skip


def test_no_secret_is_in_containers_processes_or_logs(guarded: GuardedStack):
    visible = guarded.do("--profile", "*", "config") + guarded.do("logs")
    for service in (*REACHED, "bootstrap", "certificate"):
        visible += json.dumps(guarded.inspect(service))
    for service in REACHED:
        visible += docker("top", guarded.inspect(service)["Id"], "-eo", "pid,args")
    assert [name for name, secret in guarded.secrets().items() if secret in visible] == []


@pytest.mark.parametrize("service", ["proxy", "certificate"])
def test_the_proxy_has_no_unneeded_privileges(guarded: GuardedStack, service: str):
    check_hardened(guarded.inspect(service))


def test_images_are_scored_by_another_user_with_the_account_of_the_api(
    built: Stack, guarded: GuardedStack, tmp_path: Path
):
    built.behind_proxy = False
    built.do("build", "score", COMPOSE_FILE="compose.yaml:compose/score.yaml")
    built.behind_proxy = True
    np.save(tmp_path / "images.npy", np.zeros((10, 784), np.uint8))
    tmp_path.chmod(0o777)
    password = "MLFLOW_TRACKING_PASSWORD_FILE=/run/passwords/mlflow-api/password"  # noqa: S105 # a path
    account = ("--env=MLFLOW_TRACKING_USERNAME=api", f"--env={password}")
    options = ("--rm", "-T", "--user=4711:4711", f"--volume={tmp_path}:/data", *account)
    scoring = ("score", "/data/images.npy", "--output=/data/scores")
    base, others = guarded.settings["COMPOSE_FILE"].split(":", 1)
    overlays = f"{base}:compose/score.yaml:{others}"  # one of them names the images
    running = guarded.do("ps", "--quiet")
    guarded.do("run", *options, *scoring, COMPOSE_FILE=overlays)
    assert guarded.do("ps", "--quiet") == running, "no service was made again"
    assert (tmp_path / "scores" / "part-000000.parquet").exists()
