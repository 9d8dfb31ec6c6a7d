"""Read back from the engine: what each container may do, see and keep to itself."""

import json

import pytest
from composed import Stack, docker

RUNNING = ("postgres", "minio", "mlflow-server", "api")
ALL = (*RUNNING, "passwords", "bucket", "bootstrap")
PLACES = (("mlflow-server", "postgres"), ("mlflow-server", "s3"), ("minio", "minio"))
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
def test_a_container_has_no_more_rights_than_it_needs(stack: Stack, service: str):
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
def test_a_running_service_is_checked_and_started_again(stack: Stack, service: str):
    container = stack.inspect(service)
    assert container["State"]["Health"]["Status"] == "healthy"
    assert container["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_three_ports_are_published_and_only_to_this_machine(stack: Stack):
    published = {}
    for service in RUNNING:
        for port, places in stack.inspect(service)["NetworkSettings"]["Ports"].items():
            for place in places or []:
                published[service, port] = place["HostIp"]
    assert published == {
        ("minio", "9001/tcp"): "127.0.0.1",
        ("mlflow-server", "5000/tcp"): "127.0.0.1",
        ("api", "8000/tcp"): "127.0.0.1",
    }


def test_database_and_store_share_a_network_with_the_tracking_server_and_the_bucket_maker_alone(
    stack: Stack,
):
    inside = {s for s in ALL if f"{stack.project}_data" in networks(stack, s)}
    assert inside == {"postgres", "minio", "bucket", "mlflow-server"}
    (data,) = json.loads(docker("network", "inspect", f"{stack.project}_data"))
    assert data["Internal"]


def networks(stack: Stack, service: str) -> list[str]:
    return list(stack.inspect(service)["NetworkSettings"]["Networks"])


def test_a_password_is_mounted_where_it_is_needed_and_nowhere_else(stack: Stack):
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


def test_no_password_can_be_read_off_containers_images_processes_or_logs(stack: Stack):
    passwords = [stack.password(*place) for place in PLACES]
    assert len(set(passwords)) == 3
    assert all(len(password) >= 32 for password in passwords)
    shown = stack.do("--profile", "*", "config") + stack.do("logs")
    for service in ALL:
        container = stack.inspect(service)
        shown += json.dumps(container) + docker("history", "--no-trunc", container["Image"])
    for service in RUNNING:
        shown += docker("top", stack.inspect(service)["Id"], "-eo", "pid,args")
    assert not [password for password in passwords if password in shown]


def test_the_account_of_the_tracking_server_is_denied_every_other_bucket(stack: Stack):
    said = stack.do("run", "--rm", "--no-deps", "-T", "bucket", "-c", AS_ACCOUNT)
    denied = [line for line in said.splitlines() if line.startswith("denied")]
    assert denied == ["denied list", "denied write", "denied make", "denied remove"]


def test_a_browser_or_neighbour_under_a_strange_name_is_refused(stack: Stack):
    ask = (
        "import http.client as h; c = h.HTTPConnection('mlflow-server', 5000); "
        "path = '/api/2.0/mlflow/experiments/get?experiment_id=0'; "
        "c.request('GET', path, headers={'Host': '%s'}); print(c.getresponse().status)"
    )
    for host, status in (("mlflow-server:5000", "200"), ("evil.example", "403")):
        assert stack.do("exec", "-T", "api", "python", "-c", ask % host).strip() == status
