"""One picture is decoded at a time, by all threads of all processes."""

import multiprocessing
import os
import signal
import time
from itertools import pairwise
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest

from mnist_api.imaging.picture_lock import PictureLock

pytestmark = pytest.mark.slow

FORK = multiprocessing.get_context("fork")


def decode_often(lock: PictureLock, both: Barrier, path: Path, name: str) -> None:
    both.wait()
    for _ in range(30):
        with lock, path.open("a") as log:
            log.write(f"+{name}")
            log.flush()
            time.sleep(0.01)
            log.write(f"-{name}")


def hold(lock: PictureLock, taken: Event) -> None:
    with lock:
        taken.set()
        time.sleep(60)


def test_processes_alternate_and_never_decode_at_the_same_time(tmp_path: Path) -> None:
    """A process that has just decoded a picture waits until the other has, too."""
    lock, both, path = PictureLock(), FORK.Barrier(2), tmp_path / "log"
    processes = [FORK.Process(target=decode_often, args=(lock, both, path, name)) for name in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    output = path.read_text()
    pieces = [output[at : at + 4] for at in range(0, len(output), 4)]
    assert sorted(set(pieces)) == ["+a-a", "+b-b"]
    changes = sum(one != other for one, other in pairwise(pieces))
    assert changes > 30  # of 59; at the beginning and the end only one process runs


def test_the_kernel_releases_the_lock_of_a_killed_process() -> None:
    lock, taken = PictureLock(), FORK.Event()
    process = FORK.Process(target=hold, args=(lock, taken))
    process.start()
    assert taken.wait(10)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(10)
    with lock:
        pass
