"""The permissions, networks, mounts and secrets of each container, read from the engine."""

import json

import httpx
import pytest

from support.stacks.compose import (
    ON_REQUEST,
    ONE_SHOTS,
    RUNNING,
    SERVICES,
    Stack,
    check_hardened,
    docker,
    read_services,
)

STARTED = (*RUNNING, *ONE_SHOTS)
PASSWORDS = (("mlflow-server", "postgres"), ("mlflow-server", "s3"), ("minio", "minio"))

CLOSED = (
    ("GET", "/ajax-api/3.0/mlflow/assistant/config"),
    ("PUT", "/ajax-api/3.0/mlflow/assistant/config"),
    ("POST", "/ajax-api/3.0/mlflow/assistant/message"),
    ("GET", "/ajax-api/3.0/mlflow/gateway/secrets/list"),
    ("POST", "/api/2.0/mlflow/webhooks"),
    ("POST", "/ajax-api/3.0/jobs/"),
)
AS_ACCOUNT = """
import os, pathlib
from minio import Minio
from minio.error import S3Error

def client(user, file):
    name, secret = os.environ[user], pathlib.Path(os.environ[file]).read_text()
    return Minio(endpoint="minio:9000", access_key=name, secret_key=secret, secure=False)

root = client("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD_FILE")
root.bucket_exists("other") or root.make_bucket("other")
account = client("S3_ACCESS_KEY", "S3_SECRET_KEY_FILE")
assert list(account.list_objects("mlflow"))
attempts = {
    "list": lambda: list(account.list_objects("other")),
    "write": lambda: account.fput_object("other", "a", __import__("sys").executable),
    "make": lambda: account.make_bucket("third"),
    "remove": lambda: account.remove_bucket("mlflow"),
}
for name, attempt in attempts.items():
    try:
        attempt()
    except S3Error as error:
        assert error.code == "AccessDenied", error
        print("denied", name)
root.remove_bucket("other")
"""
WHERE_PASSWORDS_ARE = """
import itertools, pathlib
volumes = pathlib.Path("/run/passwords").glob("*/password")
passwords = [path.read_bytes() for path in volumes]
assert len(passwords) == 2
variables = pathlib.Path("/proc").glob("[0-9]*/environ")
files = (path for top in ("/tmp", "/run/credentials") for path in pathlib.Path(top).rglob("*"))
read = []
for path in itertools.chain(variables, (path for path in files if path.is_file())):
    try:
        content = path.read_bytes()
    except OSError:  # of a health check, for instance, that begins or has ended
        continue
    read.append(path.parts[1])
    if any(password in content for password in passwords):
        print(path, end=" ")
    assert path.parts[1] != "run" or path.stat().st_mode & 0o777 == 0o600
assert read.count("proc") >= 4, "the init process, mlflow, uvicorn and this one"
"""


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_unneeded_privileges(stack: Stack, service: str):
    if service in ON_REQUEST:
        stack.do("create", service)
    container = stack.inspect(service)
    check_hardened(container)


@pytest.mark.parametrize("service", RUNNING)
def test_a_service_has_a_healthcheck_and_a_restart_policy(stack: Stack, service: str):
    container = stack.inspect(service)
    assert container["State"]["Health"]["Status"] == "healthy"
    assert container["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_three_ports_are_published_on_the_loopback_address(stack: Stack):
    published = {}
    for service in RUNNING:
        for port, bindings in stack.inspect(service)["NetworkSettings"]["Ports"].items():
            for binding in bindings or []:
                published[service, port] = binding["HostIp"]
    assert published == {
        ("minio", "9001/tcp"): "127.0.0.1",
        ("mlflow-server", "5000/tcp"): "127.0.0.1",
        ("api", "8000/tcp"): "127.0.0.1",
    }


def test_only_the_tracking_server_and_the_bucket_set_up_reach_database_and_store(
    stack: Stack,
):
    inside = {s for s in STARTED if f"{stack.project}_data" in networks(stack, s)}
    assert inside == {"postgres", "minio", "bucket", "mlflow-server"}
    (data,) = json.loads(docker("network", "inspect", f"{stack.project}_data"))
    assert data["Internal"]


def networks(stack: Stack, service: str) -> list[str]:
    return list(stack.inspect(service)["NetworkSettings"]["Networks"])


def test_a_password_is_mounted_only_where_it_is_needed(stack: Stack):
    mounted = {
        (service, mount["Name"].removeprefix(f"{stack.project}_"))
        for service in STARTED
        for mount in stack.inspect(service)["Mounts"]
        if "-password" in mount.get("Name", "") and service != "passwords"
    }
    assert mounted == {
        ("postgres", "postgres-password"),
        ("mlflow-server", "postgres-password"),
        ("minio", "minio-password"),
        ("bucket", "minio-password"),
        ("bucket", "s3-password"),
        ("mlflow-server", "s3-password"),
    }


def test_with_all_overlays_the_stores_passwords_are_with_them_the_tracking_server_and_one_shots():
    """As docs/security.md says."""
    overlays = [f"compose/{name}.yaml" for name in ("access", "monitoring", "search")]
    files = ":".join(["compose.yaml", *overlays])
    stores = {"postgres-password", "minio-password", "s3-password"}
    holders = {
        (name, service.get("restart", "no"))
        for name, service in read_services(COMPOSE_FILE=files).items()
        if stores & {mount["source"] for mount in service.get("volumes", [])}
    }
    one_shots = ("passwords", "bucket", "exporter-role", "optuna-database")
    keep_running = ("postgres", "minio", "mlflow-server")
    assert holders == {
        *((name, "no") for name in one_shots),
        *((name, "unless-stopped") for name in keep_running),
    }


def test_no_password_is_in_containers_images_processes_or_logs(stack: Stack):
    passwords = [stack.password(*names) for names in PASSWORDS]
    assert len(set(passwords)) == 3
    assert all(len(password) >= 32 for password in passwords)
    visible = stack.do("--profile", "*", "config") + stack.do("logs")
    for service in STARTED:
        container = stack.inspect(service)
        visible += json.dumps(container) + docker("history", "--no-trunc", container["Image"])
    for service in RUNNING:
        visible += docker("top", stack.inspect(service)["Id"], "-eo", "pid,args")
    assert not [password for password in passwords if password in visible]


def test_the_tracking_server_keeps_its_passwords_in_two_files_alone(stack: Stack):
    """Not in the variables of any of its processes, and not in the volume that is its /tmp."""
    said = stack.do("exec", "-T", "mlflow-server", "python", "-c", WHERE_PASSWORDS_ARE)
    assert sorted(said.split()) == ["/run/credentials/aws-credentials", "/run/credentials/pgpass"]
    mounts = stack.inspect("mlflow-server")["HostConfig"]["Tmpfs"]
    assert list(mounts) == ["/run/credentials"]


def test_the_account_of_the_tracking_server_is_denied_every_other_bucket(stack: Stack):
    output = stack.do("run", "--rm", "--no-deps", "-T", "bucket", "-c", AS_ACCOUNT)
    denied = [line for line in output.splitlines() if line.startswith("denied")]
    assert denied == ["denied list", "denied write", "denied make", "denied remove"]


def test_a_request_with_an_unknown_host_name_is_rejected(stack: Stack):
    ask = (
        "import http.client as h; c = h.HTTPConnection('mlflow-server', 5000); "
        "path = '/api/2.0/mlflow/experiments/get?experiment_id=0'; "
        "c.request('GET', path, headers={'Host': '%s'}); print(c.getresponse().status)"
    )
    strange = ("evil.example", "10.evil.example", "192.168.evil.example", "10.0.0.1:5000")
    for host, status in (("mlflow-server:5000", "200"), *((host, "403") for host in strange)):
        assert stack.do("exec", "-T", "api", "python", "-c", ask % host).strip() == status


def test_what_mlflow_mounts_beside_tracking_is_closed(stack: Stack):
    for method, path in CLOSED:
        url = f"{stack.mlflow_url}{path}"
        assert httpx.request(method, url, json={}, timeout=30).status_code == 404
