"""One question to the registry for all workers: the first that wakes asks, the others read it.

With a thousand containers the registry is asked by each, so they spread their questions, and ask
less often while its answers are slow.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import uniform

import msgspec

from mnist_api.model.version import Version
from mnist_api.registry.mlflow_client import Registry, RegistryError

JITTER = 0.2  # of the time between two questions: it is up to a fifth shorter or longer
PAUSE_FACTOR = 5  # that time is at least so many times what answers take, ...
MAX_SLOW_PAUSE = 15.0  # ... but not longer than this for it, in seconds
BUSY_SECONDS = 0.02  # between two looks whether another worker has its answer


class Answer(msgspec.Struct):
    """What the registry answered: the desired version, or an error."""

    until: float  # on the monotonic clock, which all processes of a machine share
    version: Version | None = None
    error: str | None = None
    took: float = 0.0  # s


def choose_pause(poll_seconds: float, *took: float) -> float:
    """Return the seconds until the next question, if the last two answers took ``took`` seconds.

    The quicker of them counts: a single slow one, as of a server that has just started, does not.
    """
    pause = max(poll_seconds, min(PAUSE_FACTOR * min(took), MAX_SLOW_PAUSE))
    return pause * uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 # no secret


class SharedRegistry:
    """A registry, created before the workers fork, that is asked once for all of them."""

    def __init__(self, registry: Registry, poll_seconds: float) -> None:
        self.fetch = registry.fetch
        self.fetch_extra = registry.fetch_extra
        self.has_asked = False  # whether the last answer is of this process' own question
        self._find = registry.find
        self._poll_seconds = poll_seconds
        self._until = 0.0
        self._file, path = tempfile.mkstemp()
        os.unlink(path)

    def find(self) -> Version | None:
        """Return the desired version, asked by whichever worker. Raises RegistryError."""
        self._until = time.monotonic() + self._poll_seconds  # whatever happens now
        with self._locked():
            answer = self._read()
            self.has_asked = answer is None or time.monotonic() >= answer.until
            if answer is None or self.has_asked:
                answer = self._ask(answer.took if answer else 0.0)
                content = msgspec.json.encode(answer)
                os.truncate(self._file, 0)
                os.pwrite(self._file, content, 0)
        self._until = answer.until
        if answer.error is not None:
            raise RegistryError(answer.error)
        return answer.version

    def seconds_to_next(self) -> float:
        """Return the time until the registry is to be asked again."""
        return max(0.0, self._until - time.monotonic())

    def _ask(self, took_before: float) -> Answer:
        version, error, begin = None, None, time.monotonic()
        try:
            version = self._find()
        except RegistryError as raised:
            error = str(raised)
        took = time.monotonic() - begin  # of an error too, which may be the end of a long wait
        pause = choose_pause(self._poll_seconds, took_before, took)
        return Answer(time.monotonic() + pause, version, error, took)

    def _read(self) -> Answer | None:
        """Return the last answer, None if there is none, or a killed worker has written half."""
        try:
            return msgspec.json.decode(os.pread(self._file, 2**20, 0), type=Answer)
        except msgspec.DecodeError:
            return None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock, which the kernel releases if the process ends.

        Nobody blocks on it: the kernel takes all threads of a process for one, and would find a
        deadlock between this lock and that of pictures where there is none.
        """
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except (BlockingIOError, PermissionError):  # which of the two depends on the system
                time.sleep(BUSY_SECONDS)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
