"""`make backup` while a training runs, and `make restore` into an empty folder."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from local.backup import BackupFailedError, _complete_or_absent
from support.archives import read_contents
from support.processes import wait_until
from support.registered_data import read_registered
from support.stacks.local import Stack, press_ctrl_c

IMAGES = [[(row * column % 7) / 6 for column in range(784)] for row in range(10)]


def backup(stack: Stack, path: Path) -> subprocess.CompletedProcess[str]:
    return stack.run("make", "--silent", "backup", f"FILE={path}")


def restore(stack: Stack, path: Path) -> subprocess.CompletedProcess[str]:
    """As `make restore` where no container engine answers."""
    return stack.run(sys.executable, "-m", "local", "restore", str(path))


def interrupt_restore(stack: Stack, path: Path) -> None:
    """When the archive is verified."""
    process = stack.start(sys.executable, "-m", "local", "restore", str(path))
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
    return [httpx.post(url, json={"image": image}, timeout=30).content for image in IMAGES]


def recorded(stack: Stack) -> tuple[dict[str, str], object]:
    return read_registered(MlflowClient(f"http://127.0.0.1:{stack.mlflow_port}"))


def test_a_restored_stack_predicts_as_before_and_trains_nothing(
    trained_state: Path, tmp_path: Path
):
    """The backup is made while another training runs."""
    stack = Stack(tmp_path / "state #1")
    shutil.copytree(trained_state, stack.state, ignore=shutil.ignore_patterns("running"))
    stack.up()
    stack.wait_for_output("The stack runs:")
    (tags, before), predicted = recorded(stack), predictions(stack)
    assert any(".desired." in tag for tag in tags)
    train = ("-m", "local", "trainer", "train", "--recipe", "quick", "--epochs", "1000")
    training = stack.start(sys.executable, *train)
    client = MlflowClient(f"http://127.0.0.1:{stack.mlflow_port}")
    wait_until(lambda: len(client.search_runs(["1"], "status = 'RUNNING'")) == 1, 120)
    path = tmp_path / "a backup.tar.gz"
    made = backup(stack, path)
    assert made.returncode == 0, made.stderr
    assert made.stderr.startswith(f"The local stack to {path}\n")
    assert made.stdout.splitlines()[-1] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert training.poll() is None
    press_ctrl_c(training)
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


@pytest.mark.parametrize(
    ("name", "reason"), [("none.tar.gz", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_is_no_archive_is_refused(stack: Stack, tmp_path: Path, name: str, reason: str):
    path = tmp_path / name
    refused = restore(stack, path)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"\n{path} cannot be read: {reason}. Name an archive: make restore FILE=...\n"
    )
    assert not stack.state.exists()


def test_a_tilde_that_the_shell_has_not_expanded_is_the_home_folder(stack: Stack, tmp_path: Path):
    stack.environ["HOME"] = str(tmp_path)
    (tmp_path / "taken").touch()
    assert f"{tmp_path}/none cannot be read" in restore(stack, Path("~/none")).stderr
    refused = stack.run(sys.executable, "-m", "local", "backup", "~/taken")
    assert f"{tmp_path}/taken exists" in refused.stderr


@pytest.mark.parametrize("is_begun", [True, False], ids=["renamed meanwhile", "written before"])
def test_the_archive_of_another_backup_to_the_same_file_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_begun: bool
):
    """That ends after this one has looked for the file, and before it has the lock."""
    path, part = tmp_path / "archive", tmp_path / "archive.part"

    def end_other(*_: object) -> None:
        if is_begun:
            part.rename(path)
        path.write_text("of the other one")

    monkeypatch.setattr("fcntl.flock", end_other)
    expected = pytest.raises(BackupFailedError, match="Another backup writes")
    with expected, _complete_or_absent(path):
        pass
    assert path.read_text() == "of the other one"
    assert not part.exists()
