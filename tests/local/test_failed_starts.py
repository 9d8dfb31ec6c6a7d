"""Starts of the local stack that fail: each with an error message, and without processes left."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import ROOT, free_port, wait_until
from support.stacks.local import Stack, answers


@pytest.mark.parametrize("name", ["MLFLOW_PORT", "API_PORT"])
def test_the_error_names_a_port_in_use_and_no_process_stays(stack: Stack, name: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack.environ[name] = str(port)
        stack.up()
        assert stack.wait() != 0
    assert f"Port {port} is taken" in stack.read_output()
    assert name in stack.read_output()
    assert stack.processes() == []


@pytest.mark.slow
def test_a_second_stack_on_the_same_state_is_refused(running_stack: Stack):
    second = Stack(running_stack.state)
    second.output = second.output.with_suffix(".second")
    second.up()
    assert second.wait() != 0
    assert "runs already" in second.read_output()
    assert answers(running_stack.api_port), "the first stack still runs"


@pytest.mark.parametrize("value", ["http", "0", "70000", "80 80"])
def test_the_error_names_an_invalid_port_setting(stack: Stack, value: str):
    stack.environ["API_PORT"] = value
    stack.up()
    assert stack.wait() != 0
    assert (
        f"API_PORT is '{value}'; it must be a whole number from 1 to 65535." in stack.read_output()
    )


@pytest.mark.slow
def test_a_failed_training_ends_the_start_with_its_error(stack: Stack, tmp_path: Path):
    stack.environ["DATA_DIR"] = str(tmp_path / "nowhere")
    stack.up()
    assert stack.wait() != 0
    assert "The training failed" in stack.read_output()
    assert "nowhere" in stack.read_output()
    assert "Traceback" not in stack.read_output()
    assert stack.processes() == []


@pytest.mark.slow
def test_a_first_network_below_the_floor_ends_the_start_with_an_error(stack: Stack):
    stack.environ["ARGS"] = "--epochs 1 --limit 200"
    stack.up()
    assert stack.wait() != 0
    assert "did not pass the gate" in stack.read_output()
    assert stack.processes() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_an_error_at_the_start(small_disk: Path):
    stack = Stack(small_disk / "state")
    stack.up()
    assert stack.wait() != 0
    assert "The disk is full" in stack.read_output()
    assert stack.processes() == []


def test_the_error_for_an_old_python_lists_the_supported_versions(tmp_path: Path):
    old = next(iter(sorted(Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python3"))), None)
    old = old or shutil.which("python3.10") or shutil.which("python3.9")
    if old is None:
        pytest.skip("no older Python on this machine")
    refused = subprocess.run(
        ["make", "local", f"PYTHON={old}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"LOCAL_STATE": str(tmp_path), "API_PORT": str(free_port())},
    )  # fmt: skip
    assert refused.returncode != 0
    assert "Python 3.11, 3.12 or 3.13 is needed" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_a_start_that_is_killed_in_the_first_migration_is_followed_by_one_that_works(stack: Stack):
    stack.up()
    wait_until((stack.state / "mlflow" / "mlflow.db.unfinished").exists, 120)
    assert stack.make
    os.killpg(stack.make.pid, signal.SIGKILL)  # Linux then ends what it has started
    stack.wait()
    wait_until(lambda: stack.processes() == [])
    assert (stack.state / "mlflow" / "mlflow.db").stat().st_size == 0
    stack.up()
    stack.wait_for_output("The stack runs:")
