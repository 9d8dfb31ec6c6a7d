"""Allowed hosts, and the origins whose pages may send POST requests."""

import subprocess
from pathlib import Path

import pytest

from support.servers.tracking import FOLDER, PYTHON, TrackingServer, environ

EXPERIMENT = "/api/2.0/mlflow/experiments/get?experiment_id=0"
SEARCH = "/ajax-api/2.0/mlflow/runs/search"
OWN = ("localhost", "localhost:5000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:5000")
UNKNOWN = (
    "evil.example",
    "10.evil.example",
    "10.0.0.1:5000",
    "192.168.evil.example",
    "172.16.evil.example:5000",
    "fc00:evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example:5000",
    "mnist.example:5000",
    "",
)


@pytest.mark.parametrize("host", OWN)
def test_this_machines_names_are_always_allowed(
    server: TrackingServer, named_server: TrackingServer, host: str
):
    assert server.send("GET", EXPERIMENT, Host=host).status == 200
    assert named_server.send("GET", EXPERIMENT, Host=host).status == 200


@pytest.mark.parametrize("host", UNKNOWN)
def test_other_names_are_refused_by_default(server: TrackingServer, host: str):
    assert server.send("GET", EXPERIMENT, Host=host).status == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("mnist.example", 200),
        ("mnist.example:5000", 200),
        ("any.lan", 200),
        ("any.lan:5000", 200),
        ("10.0.0.7:8080", 200),
        ("[fd00::5]", 200),
        ("[fd00::5]:5000", 200),
        ("10.0.0.7", 403),
        ("10.0.0.7:5000", 403),
        ("mnist.example.evil.example", 403),
        ("any.lan.evil.example", 403),
        ("[fd00::6]", 403),
        ("f", 403),
    ],
)
def test_a_name_in_the_setting_is_allowed_with_its_ports(
    named_server: TrackingServer, host: str, status: int
):
    assert named_server.send("GET", EXPERIMENT, Host=host).status == status


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("mnist.example:5000", "http://mnist.example:5000", 200),
        ("mnist.example", "https://mnist.example", 200),  # behind a proxy that ends TLS
        ("any.lan:81", "http://any.lan:81", 200),
        ("[fd00::5]:5000", "http://[fd00::5]:5000", 200),
        ("mnist.example:5000", "http://evil.example", 403),
        ("mnist.example:5000", "http://mnist.example.evil.example:5000", 403),
        ("mnist.example:5000", "http://mnist.example:8000", 403),
        ("mnist.example:5000", "null", 403),
        ("evil.example", "http://evil.example", 403),
    ],
)
def test_a_post_is_accepted_only_from_the_servers_own_pages(
    named_server: TrackingServer, host: str, origin: str, status: int
):
    body = '{"experiment_ids": ["0"]}'
    answer = named_server.send("POST", SEARCH, body, Host=host, Origin=origin)
    assert answer.status == status
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "value", ["http://mnist.lan", "mnist.lan/", "mnist lan", "mnist.lan:port", "fd00::5", "mnist?"]
)
def test_an_invalid_value_ends_the_start_with_an_error_message(tmp_path: Path, value: str):
    refused = subprocess.run(
        [PYTHON, FOLDER / "start.py"], env=environ(tmp_path, MLFLOW_ALLOWED_HOSTS=value),
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert f"MLFLOW_ALLOWED_HOSTS has {value!r}; it takes names or addresses" in refused.stderr
    assert "Traceback" not in refused.stderr
