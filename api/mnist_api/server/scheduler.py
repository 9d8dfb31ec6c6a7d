"""Long work, each piece in a thread of its own, of which one runs at a time."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mnist_api.problems import ClientGoneError, overloaded
from mnist_api.server.allocator import trim_memory

MAX_JOBS = 32  # at once: a usual picture takes 20 ms, so that the last of them waits for 0.6 s
Result = TypeVar("Result")


class Scheduler:
    """Runs jobs round robin: each runs one unit, such as a picture, then the next job runs.

    So a short job waits for at most one unit of each job before it, and the memory of one unit is
    in use at a time.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_JOBS, "job")  # a thread starts when it is needed
        self._free = threading.Semaphore(MAX_JOBS)
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()  # the first one runs

    async def run(
        self, function: Callable[[Callable[[], None]], Result], gone: "asyncio.Future[object]"
    ) -> Result:
        """Return what ``function`` returns; its argument is to be called between its units.

        ``gone`` is done once the client has disconnected. Raises ProblemError (503) if too many
        jobs wait, and ClientGoneError.
        """
        if gone.done():
            raise ClientGoneError
        if not self._free.acquire(blocking=False):
            raise overloaded()
        job = Job(self._changed, self._queue)
        work = self._threads.submit(job.run, function)
        work.add_done_callback(lambda _: self._free.release())
        gone.add_done_callback(job.cancel)
        try:
            return await asyncio.wrap_future(work)
        finally:
            gone.remove_done_callback(job.cancel)
            job.cancel()


class Job:
    """One request's place in the queue."""

    def __init__(self, changed: threading.Condition, queue: "deque[Job]") -> None:
        self._changed = changed
        self._queue = queue
        self._cancelled = False

    def run(self, function: Callable[[Callable[[], None]], Result]) -> Result:
        """Wait in the queue, and return what ``function`` returns. Raises ClientGoneError."""
        with self._changed:
            self._wait()
        try:
            return function(self._yield)
        finally:
            with self._changed:
                self._leave()
                is_last = not self._queue
            if is_last:
                trim_memory()

    def cancel(self, _: object = None) -> None:
        """End the work after its present unit, or before it has begun."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def _yield(self) -> None:
        """Let the other jobs run one unit each. Raises ClientGoneError."""
        with self._changed:
            if self._cancelled:
                raise ClientGoneError
            if len(self._queue) > 1:
                self._leave()
                self._wait()

    def _wait(self) -> None:
        self._queue.append(self)
        self._changed.wait_for(lambda: self._cancelled or self._queue[0] is self)
        if self._cancelled:
            self._leave()
            raise ClientGoneError

    def _leave(self) -> None:
        if self in self._queue:
            self._queue.remove(self)
            self._changed.notify_all()
