"""The open paths and allowed hosts of the tracking server of `make local`."""

import http.client
from pathlib import Path

import pytest

from support.stacks.local import Stack

pytestmark = pytest.mark.slow

ASSISTANT = "/ajax-api/3.0/mlflow/assistant"
EXPERIMENT = "/api/2.0/mlflow/experiments/get?experiment_id=0"


def status(stack: Stack, host: str, path: str = EXPERIMENT, method: str = "GET") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", stack.mlflow_port, timeout=20)
    connection.request(method, path, headers={"Host": host})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_assistant_is_closed_and_hosts_are_this_machines_and_the_settings(
    running_stack: Stack,
):
    for host in ("localhost:5000", "127.0.0.1:5000", "mnist.lan", "mnist.lan:5000"):
        assert status(running_stack, host) == 200
        assert status(running_stack, host, f"{ASSISTANT}/config", "PUT") == 404
        assert status(running_stack, host, f"{ASSISTANT}/message", "POST") == 404
    for host in ("evil.example", "10.evil.example", "192.168.evil.example", "mnist.lan.example"):
        assert status(running_stack, host) == 403


def test_an_invalid_host_name_ends_the_start_with_an_error_message(trained_state: Path):
    stack = Stack(trained_state, MLFLOW_ALLOWED_HOSTS="http://mnist.lan")
    stack.up()
    assert stack.wait() != 0
    assert "MLFLOW_ALLOWED_HOSTS has 'http://mnist.lan'; it takes names" in stack.read_output()
    assert stack.processes() == []
