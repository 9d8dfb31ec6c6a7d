"""A backup or a collection that is interrupted, or has no room on the disk, leaves no file."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from support.processes import ROOT, wait_until
from support.stacks.local import Stack, press_ctrl_c

BIG = 40_000_000  # bytes of an artifact, for whose compression a backup takes a second or two


@pytest.fixture
def big_state(trained_state: Path, tmp_path: Path) -> Stack:
    """A stack that is not started, with an artifact for which a backup takes a while."""
    stack = Stack(tmp_path / "state")
    shutil.copytree(trained_state, stack.state, ignore=shutil.ignore_patterns("running"))
    (stack.state / "mlflow" / "artifacts" / "1" / "big").write_bytes(os.urandom(BIG))
    return stack


def is_locked(folder: Path) -> bool:
    """Whether a backup, a restore or a collection has begun; to take the lock would refuse it."""
    locks = Path("/proc/locks").read_text().splitlines()
    return any("FLOCK" in lock and f":{folder.stat().st_ino} " in lock for lock in locks)


def test_ctrl_c_ends_a_collection_and_a_backup_and_leaves_no_file(big_state: Stack, tmp_path: Path):
    data, path = big_state.state / "mlflow", tmp_path / "backup"
    with closing(sqlite3.connect(data / "mlflow.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")  # for which a collection waits
        process = big_state.start("make", "--silent", "gc", "APPLY=1")
        wait_until(lambda: is_locked(data), 60)
        output = press_ctrl_c(process)
    assert output.startswith("The local stack:\n")
    assert "The database fails" not in output
    process = big_state.start("make", "--silent", "backup", f"FILE={path}")
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
    made = big_state.run("make", "--silent", "backup", f"FILE={path}")
    assert made.returncode == 0, made.stderr
    assert not part.exists()
    assert (
        "exists. Name another file"
        in big_state.run("make", "--silent", "backup", f"FILE={path}").stderr
    )


def test_a_full_disk_leaves_no_file(big_state: Stack, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a file system")
    try:
        failed = big_state.run("make", "--silent", "backup", f"FILE={disk / 'backup'}")
        assert failed.returncode != 0
        assert f"The disk of {disk / 'backup'} is full." in failed.stderr
        assert "Traceback" not in failed.stderr
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert big_state.processes() == []
