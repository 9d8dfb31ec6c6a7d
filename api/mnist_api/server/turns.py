"""Long answers, each in a thread of its own, of which one works at a time."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mnist_api.problems import GoneError, too_much

MOST = 32  # at once: an honest picture takes 20 ms, so that the last of them waits for 0.6 s
Result = TypeVar("Result")


class Turns:
    """Runs long answers; each works for one unit, such as a picture, and then lets the next go on.

    So a short answer waits for at most one unit of each that came before it, and memory is taken
    for one unit at a time.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST, "turn")  # a thread starts when it is needed
        self._room = threading.Semaphore(MOST)
        self._changed = threading.Condition()
        self._queue: deque[Turn] = deque()  # the first one works

    async def run(
        self, function: Callable[[Callable[[], None]], Result], gone: asyncio.Future[object]
    ) -> Result:
        """Return what ``function`` returns, which is given what to call between its units.

        ``gone`` is done once nobody waits for the answer. Raises ProblemError (503) where too many
        wait, and GoneError.
        """
        if not self._room.acquire(blocking=False):
            raise too_much()
        turn = Turn(self._changed, self._queue)
        work = self._threads.submit(turn.run, function)
        work.add_done_callback(lambda _: self._room.release())
        gone.add_done_callback(turn.abandon)
        try:
            return await asyncio.wrap_future(work)
        finally:
            gone.remove_done_callback(turn.abandon)
            turn.abandon()


class Turn:
    """One answer's place in the queue."""

    def __init__(self, changed: threading.Condition, queue: "deque[Turn]") -> None:
        self._changed = changed
        self._queue = queue
        self._abandoned = False

    def run(self, function: Callable[[Callable[[], None]], Result]) -> Result:
        """Wait in the queue, and return what ``function`` returns. Raises GoneError."""
        with self._changed:
            self._wait()
        try:
            return function(self._pass_on)
        finally:
            with self._changed:
                self._leave()

    def abandon(self, _: object = None) -> None:
        """Have the work end after its unit, or before it has begun."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def _pass_on(self) -> None:
        """Let the others work for a unit. Raises GoneError."""
        with self._changed:
            if self._abandoned:
                raise GoneError
            if len(self._queue) > 1:
                self._leave()
                self._wait()

    def _wait(self) -> None:
        self._queue.append(self)
        self._changed.wait_for(lambda: self._abandoned or self._queue[0] is self)
        if self._abandoned:
            self._leave()
            raise GoneError

    def _leave(self) -> None:
        if self in self._queue:
            self._queue.remove(self)
            self._changed.notify_all()
