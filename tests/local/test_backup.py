"""`make backup` while a training runs, and `make restore` into an empty folder."""

import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from support.archives import read_contents
from support.processes import ROOT, wait_until
from support.registered_data import read_registered
from support.stacks.local import Stack

BIG = 40_000_000  # bytes of an artifact, for whose compression a backup takes a second or two
IMAGES = [[(row * column % 7) / 6 for column in range(784)] for row in range(10)]


def run(stack: Stack, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=stack.environ, capture_output=True, text=True, check=False
    )


def backup(stack: Stack, path: Path) -> subprocess.CompletedProcess[str]:
    return run(stack, "make", "--silent", "backup", f"FILE={path}")


def restore(stack: Stack, path: Path) -> subprocess.CompletedProcess[str]:
    """As `make restore` where no container engine answers."""
    return run(stack, sys.executable, "-m", "local", "restore", str(path))


def start(stack: Stack, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command, cwd=ROOT, env=stack.environ, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def press_ctrl_c(process: subprocess.Popen[str]) -> str:
    """Signal the process group, as a terminal does; return the output, which is no trace."""
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate()[0]
    assert process.returncode in (2, 130, -signal.SIGINT), output  # `make` has codes of its own
    assert "Traceback" not in output
    return output


def interrupt_restore(stack: Stack, path: Path) -> None:
    """When the archive is verified."""
    process = start(stack, sys.executable, "-m", "local", "restore", str(path))
    assert process.stdout
    assert any(line.startswith("Verified: ") for line in process.stdout)
    press_ctrl_c(process)
    assert process.returncode == 128 + signal.SIGINT
    assert artifacts(stack) == {}
    assert not (stack.state / "mlflow" / "mlflow.db").exists()


def artifacts(stack: Stack) -> dict[str, bytes]:
    root = stack.state / "mlflow"
    files = (path for path in (root / "artifacts").rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def artifacts_of(archive: Path) -> dict[str, bytes]:
    found = read_contents(archive).items()
    return {name: content for name, content in found if name.startswith("artifacts/")}


def predictions(stack: Stack) -> list[bytes]:
    url = f"http://127.0.0.1:{stack.api_port}/predict"
    return [httpx.post(url, json={"image": image}).content for image in IMAGES]


def recorded(stack: Stack) -> tuple[dict[str, str], object]:
    return read_registered(MlflowClient(f"http://127.0.0.1:{stack.mlflow_port}"))


def test_a_restored_stack_predicts_as_before_and_trains_nothing(
    trained_state: Path, tmp_path: Path
):
    """The backup is made while another training runs, whose version it does not have."""
    stack = Stack(tmp_path / "state")
    shutil.copytree(trained_state, stack.state, ignore=shutil.ignore_patterns("running"))
    stack.up()
    stack.wait_for_output("The stack runs:")
    (tags, before), predicted = recorded(stack), predictions(stack)
    assert any(".desired." in tag for tag in tags)
    training = subprocess.Popen(
        [sys.executable, "-m", "local", "trainer", "train", "--recipe", "quick"],
        cwd=ROOT, env=stack.environ, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
    )  # fmt: skip
    client = MlflowClient(f"http://127.0.0.1:{stack.mlflow_port}")
    wait_until(lambda: len(client.search_runs(["1"], "status = 'RUNNING'")) == 1, 120)
    path = tmp_path / "a backup.tar.gz"
    made = backup(stack, path)
    assert made.returncode == 0, made.stderr
    assert made.stderr.startswith(f"The local stack to {path}\n")
    assert made.stdout.splitlines()[-1] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert training.wait(120) == 0
    assert "runs already" in restore(stack, path).stderr
    stack.press_ctrl_c()
    stack.wait()
    shutil.rmtree(stack.state)
    interrupt_restore(stack, path)
    done = restore(stack, path)
    assert done.returncode == 0, done.stderr
    assert "has data already" in restore(stack, path).stderr
    assert artifacts(stack) == artifacts_of(path) != {}
    stack.up()
    stack.wait_for_output("The stack runs:")
    assert "nothing to train" in stack.read_output()
    tags_now, now = recorded(stack)
    assert now == before
    assert tags_now.items() >= tags.items()
    assert predictions(stack) == predicted
    stack.press_ctrl_c()
    stack.wait()


@pytest.fixture
def big_state(trained_state: Path, tmp_path: Path) -> Stack:
    """A stack that is not started, with an artifact for which a backup takes a while."""
    stack = Stack(tmp_path / "state")
    shutil.copytree(trained_state, stack.state, ignore=shutil.ignore_patterns("running"))
    (stack.state / "mlflow" / "artifacts" / "1" / "big").write_bytes(os.urandom(BIG))
    return stack


def is_locked(folder: Path) -> bool:
    """Whether a backup, a restore or a collection has begun."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def test_ctrl_c_ends_a_collection_and_a_backup_and_leaves_no_file(big_state: Stack, tmp_path: Path):
    data, path = big_state.state / "mlflow", tmp_path / "backup"
    with closing(sqlite3.connect(data / "mlflow.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")  # for which a collection waits
        process = start(big_state, "make", "--silent", "gc", "APPLY=1")
        wait_until(lambda: is_locked(data), 60)
        output = press_ctrl_c(process)
    assert output.startswith("The local stack:\n")
    assert "The database fails" not in output
    process = start(big_state, "make", "--silent", "backup", f"FILE={path}")
    part = tmp_path / "backup.part"
    wait_until(lambda: part.exists() and part.stat().st_size > 1_000_000, 60)
    press_ctrl_c(process)
    wait_until(lambda: not big_state.processes())
    assert not part.exists()
    assert not path.exists()


@pytest.mark.slow
def test_an_interrupted_backup_leaves_no_file_and_a_killed_one_is_written_over(
    big_state: Stack, tmp_path: Path
):
    path, part = tmp_path / "backup", tmp_path / "backup.part"
    for number, is_left in ((signal.SIGTERM, False), (signal.SIGKILL, True)):
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "backup", str(path)],
            cwd=ROOT, env=big_state.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda: part.exists() and part.stat().st_size > 1_000_000, 60)
        process.send_signal(number)
        assert process.wait(20) != 0
        wait_until(lambda: not big_state.processes())
        assert part.exists() is is_left
        assert not path.exists()
    made = backup(big_state, path)
    assert made.returncode == 0, made.stderr
    assert not part.exists()
    assert "exists. Name another file" in backup(big_state, path).stderr


def test_a_full_disk_leaves_no_file(big_state: Stack, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        failed = backup(big_state, disk / "backup")
        assert failed.returncode != 0
        assert f"The disk of {disk / 'backup'} is full." in failed.stderr
        assert "Traceback" not in failed.stderr
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert big_state.processes() == []
