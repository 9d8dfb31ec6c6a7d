"""One picture is decoded at a time, by all processes that a lock was made for."""

import fcntl
import os
import tempfile
import threading
from types import TracebackType

WORK, NEXT = 0, 1  # bytes of the file; each is a lock


class PictureLock:
    """Held while a picture is decoded, by one thread of one process; not to be taken twice.

    It is made before the workers fork. The kernel takes it from a process that dies. A process
    that waits holds ``NEXT``, so that the one which has just finished queues behind it.
    """

    def __init__(self) -> None:
        self._file, path = tempfile.mkstemp()
        os.unlink(path)
        self._threads = threading.Lock()  # to the kernel, all threads of a process are one

    def __enter__(self) -> None:
        self._threads.acquire()
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, NEXT)
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, WORK)
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, NEXT)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, WORK)
        self._threads.release()
