"""The local stack from `make local` to Ctrl-C."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import ROOT, wait_until
from support.stacks.local import Stack, answers


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


@pytest.mark.slow
def test_a_second_start_trains_nothing_and_imports_no_tensorflow(trained_state: Path):
    stack = Stack(trained_state, TF_CPP_MAX_VLOG_LEVEL="1", PYTHONPROFILEIMPORTTIME="1")
    stack.up()
    stack.wait_for_output("The stack runs:")
    stack.press_ctrl_c()
    stack.wait()
    assert "import time:" in stack.read_output(), "the imports were listed"
    assert not re.search(r"\| +(tensorflow|keras)$", stack.read_output(), re.MULTILINE)
    assert not re.search("epoch", stack.read_output(), re.IGNORECASE)


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_end_of_a_program_ends_the_stack_with_its_name(trained_state: Path):
    stack = Stack(trained_state)
    stack.up()
    stack.wait_for_output("The stack runs:")
    mlflow = re.compile(rf"mlflow.*server.*--port={stack.mlflow_port}")
    subprocess.run(["pkill", "-KILL", "-f", mlflow.pattern], check=True)
    assert stack.wait() != 0
    assert "MLflow ended" in stack.read_output()
    assert stack.processes() == []


@pytest.mark.slow
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
    wait_until(lambda: stack.processes() == [])
