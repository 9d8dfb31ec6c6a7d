"""The permissions, networks, mounts and secrets of each container, read from the engine."""

import json

import pytest
from compose_stack import Stack, docker

RUNNING = ("postgres", "minio", "mlflow-server", "api")
ALL = (*RUNNING, "passwords", "bucket", "bootstrap")
PASSWORDS = (("mlflow-server", "postgres"), ("mlflow-server", "s3"), ("minio", "minio"))
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


@pytest.mark.parametrize("service", ALL)
def test_a_container_has_no_unneeded_privileges(stack: Stack, service: str):
    container = stack.inspect(service)
    host = container["HostConfig"]
    assert container["Config"]["User"] not in ("", "0", "root")
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["Init"]


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
    inside = {s for s in ALL if f"{stack.project}_data" in networks(stack, s)}
    assert inside == {"postgres", "minio", "bucket", "mlflow-server"}
    (data,) = json.loads(docker("network", "inspect", f"{stack.project}_data"))
    assert data["Internal"]


def networks(stack: Stack, service: str) -> list[str]:
    return list(stack.inspect(service)["NetworkSettings"]["Networks"])


def test_a_password_is_mounted_only_where_it_is_needed(stack: Stack):
    mounted = {
        (service, mount["Name"].removeprefix(f"{stack.project}_"))
        for service in ALL
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


def test_no_password_is_in_containers_images_processes_or_logs(stack: Stack):
    passwords = [stack.password(*names) for names in PASSWORDS]
    assert len(set(passwords)) == 3
    assert all(len(password) >= 32 for password in passwords)
    visible = stack.do("--profile", "*", "config") + stack.do("logs")
    for service in ALL:
        container = stack.inspect(service)
        visible += json.dumps(container) + docker("history", "--no-trunc", container["Image"])
    for service in RUNNING:
        visible += docker("top", stack.inspect(service)["Id"], "-eo", "pid,args")
    assert not [password for password in passwords if password in visible]


def test_the_account_of_the_tracking_server_is_denied_every_other_bucket(stack: Stack):
    output = stack.do("run", "--rm", "--no-deps", "-T", "bucket", "-c", AS_ACCOUNT)
    denied = [line for line in output.splitlines() if line.startswith("denied")]
    assert denied == ["denied list", "denied write", "denied make", "denied remove"]


def test_a_request_with_an_unknown_host_name_is_rejected(stack: Stack):
    script = (
        "import http.client as h; c = h.HTTPConnection('mlflow-server', 5000); "
        "path = '/api/2.0/mlflow/experiments/get?experiment_id=0'; "
        "c.request('GET', path, headers={'Host': '%s'}); print(c.getresponse().status)"
    )
    for host, status in (("mlflow-server:5000", "200"), ("evil.example", "403")):
        assert stack.do("exec", "-T", "api", "python", "-c", script % host).strip() == status
