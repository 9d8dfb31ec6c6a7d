"""The local stack from `make local` to Ctrl-C."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import ROOT, free_port
from support.stacks.local import Stack


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_black_box_tests_pass_after_a_first_start(stack: Stack):
    """`make local` with an empty state folder; then tests/stack against its URLs."""
    stack.up()
    stack.wait_for_output("The stack runs:")
    urls = {
        "API_URL": f"http://127.0.0.1:{stack.api_port}",
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{stack.mlflow_port}",
    }
    black_box = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/stack"],
        cwd=ROOT, env=os.environ | urls, capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(black_box.stdout)
    assert black_box.returncode == 0, black_box.stdout
    assert re.search(r"Epoch +2/3 +loss", stack.read_output()), "each epoch is printed"
    stack.press_ctrl_c()
    stack.wait()
    assert stack.processes() == []
    assert (stack.state / "models" / "mnist_model.onnx").exists()


def test_a_second_start_trains_nothing_and_imports_no_tensorflow(trained_state: Path):
    stack = Stack(trained_state, TF_CPP_MAX_VLOG_LEVEL="1", PYTHONPROFILEIMPORTTIME="1")
    stack.up()
    stack.wait_for_output("The stack runs:")
    stack.press_ctrl_c()
    stack.wait()
    assert "import time:" in stack.read_output(), "the imports were listed"
    assert not re.search(r"\| +(tensorflow|keras)$", stack.read_output(), re.MULTILINE)
    assert not re.search("epoch", stack.read_output(), re.IGNORECASE)


@pytest.mark.parametrize("action", ["ctrl-c", "sigterm", "hangup", "down"])
def test_every_way_to_stop_leaves_no_process_behind(trained_state: Path, action: str):
    stack = Stack(trained_state)
    stack.up()
    stack.wait_for_output("The stack runs:")
    assert len(stack.processes()) >= 4, "make, the supervisor, MLflow and the API"
    assert stack.make
    match action:
        case "ctrl-c":
            stack.press_ctrl_c()
        case "sigterm":
            stack.make.terminate()
        case "hangup":
            os.killpg(stack.make.pid, 1)
        case "down":
            down = [sys.executable, "-m", "local", "down"]  # as `make down` without Compose
            subprocess.run(down, cwd=ROOT, env=stack.environ, check=True)
    stack.wait()
    assert stack.processes() == []
    assert not answers(stack.api_port)
    assert not answers(stack.mlflow_port)


def test_a_stop_during_training_leaves_no_process_and_the_next_start_succeeds(stack: Stack):
    short = stack.environ["ARGS"]
    stack.environ["ARGS"] = "--epochs 500"
    stack.up()
    stack.wait_for_output("1/500")
    stack.press_ctrl_c()
    assert stack.wait() != 0
    assert stack.processes() == []
    stack.environ["ARGS"] = short
    stack.up()
    stack.wait_for_output("The stack runs:")


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


def test_a_second_stack_on_the_same_state_is_refused(trained_state: Path):
    first, second = Stack(trained_state), Stack(trained_state)
    second.output = second.output.with_suffix(".second")
    first.up()
    first.wait_for_output("The stack runs:")
    second.up()
    assert second.wait() != 0
    assert "runs already" in second.read_output()
    assert answers(first.api_port), "the first stack still runs"
    first.press_ctrl_c()
    first.wait()
    assert first.processes() == []


@pytest.mark.parametrize("value", ["http", "0", "70000", "80 80"])
def test_the_error_names_an_invalid_port_setting(stack: Stack, value: str):
    stack.environ["API_PORT"] = value
    stack.up()
    assert stack.wait() != 0
    assert (
        f"API_PORT is '{value}'; it must be a whole number from 1 to 65535." in stack.read_output()
    )


def test_a_failed_training_ends_the_start_with_its_error(stack: Stack, tmp_path: Path):
    stack.environ["DATA_DIR"] = str(tmp_path / "nowhere")
    stack.up()
    assert stack.wait() != 0
    assert "The training failed" in stack.read_output()
    assert "nowhere" in stack.read_output()
    assert "Traceback" not in stack.read_output()
    assert stack.processes() == []


def test_a_first_network_below_the_floor_ends_the_start_with_an_error(stack: Stack):
    stack.environ["ARGS"] = "--epochs 1 --limit 200"
    stack.up()
    assert stack.wait() != 0
    assert "did not pass the gate" in stack.read_output()
    assert stack.processes() == []


def test_the_end_of_a_program_ends_the_stack_with_its_name(trained_state: Path):
    stack = Stack(trained_state)
    stack.up()
    stack.wait_for_output("The stack runs:")
    mlflow = re.compile(rf"mlflow.*server.*--port={stack.mlflow_port}")
    subprocess.run(["pkill", "-KILL", "-f", mlflow.pattern], check=True)
    assert stack.wait() != 0
    assert "MLflow ended" in stack.read_output()
    assert stack.processes() == []


def test_the_programs_end_with_a_killed_supervisor(trained_state: Path):
    stack = Stack(trained_state)
    stack.up()
    stack.wait_for_output("The stack runs:")
    pid = subprocess.run(
        ["pgrep", "-P", str(stack.make.pid if stack.make else 0)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    os.kill(int(pid), 9)
    stack.wait()
    subprocess.run(["sleep", "10"], check=True)
    assert stack.processes() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


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
