"""The locks between workers: what one thread of a worker waits for stops no other thread."""

import os
import signal
import threading
import time

from mnist_api.imaging.picture_lock import PictureLock
from mnist_api.registry.shared_registry import SharedRegistry
from support.polled_fakes import FakeRegistry
from support.polling import version


class HeldRegistry(FakeRegistry):
    """Says when it is asked, and answers when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.desired = version(3)
        self.asked, self.told = os.pipe(), os.pipe()

    def find(self):  # type: ignore[no-untyped-def]
        os.write(self.asked[1], b".")
        os.read(self.told[0], 1)
        return super().find()


def test_a_picture_waits_while_another_worker_decodes_one_and_this_one_asks_the_registry() -> None:
    """And that other worker waits for the answer: a circle of processes, but not of threads."""
    pictures, registry = PictureLock(), HeldRegistry()
    shared = SharedRegistry(registry, 60)  # type: ignore[arg-type] # a fake
    worker = os.fork()
    if worker == 0:
        os._exit(ask_and_decode(shared, pictures))
    os.read(registry.asked[0], 1)
    with pictures:
        waiting = threading.Thread(target=shared.find)
        waiting.start()
        time.sleep(1.5)  # in which the worker begins to wait for the picture
    try:
        assert os.waitpid(worker, 0)[1] == 0
    finally:
        os.write(registry.told[1], b"..")
        waiting.join(10)


def ask_and_decode(shared: SharedRegistry, pictures: PictureLock) -> int:
    signal.alarm(20)  # whatever happens, the test ends
    threading.Thread(target=shared.find, daemon=True).start()
    time.sleep(1)  # in which the other worker begins to wait for the answer
    try:
        with pictures:
            return 0
    except OSError:
        return 1
