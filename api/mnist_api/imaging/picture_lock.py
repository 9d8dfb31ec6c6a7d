"""A lock between processes: one picture is decoded at a time, by all workers together."""

import fcntl
import os
import tempfile
import threading
from pathlib import Path
from types import TracebackType

DECODING, NEXT = 0, 1  # bytes of the file; each is a lock
MEMORY = Path("/dev/shm")  # noqa: S108 # writable in a read-only container; unlinked at once


class PictureLock:
    """Held while a picture is decoded, by one thread of one process; not reentrant.

    It is created before the workers fork. The kernel releases it if its process dies. A waiting
    process holds ``NEXT``, so that it comes before a process that has just decoded a picture.
    """

    def __init__(self) -> None:
        self._file, path = tempfile.mkstemp(dir=MEMORY if MEMORY.is_dir() else None)
        os.unlink(path)
        self._threads = threading.Lock()  # a file lock does not exclude threads of the same process

    def __enter__(self) -> None:
        self._threads.acquire()
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, NEXT)
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, DECODING)
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, NEXT)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, DECODING)
        self._threads.release()
