"""The access log: one line of JSON for each request, written by a thread of its own."""

import json
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache

INTERVAL = 0.1  # seconds between two writes
MAX_TEXT = 256  # characters of a path or a method
MAX_LINES = 50_000  # in the queue; further ones are dropped and counted
MAX_ATOMIC_BYTES = select.PIPE_BUF  # of a write that a pipe does not mix with another process's


class AccessLog:
    """Writes lines to a file descriptor in the order of the requests."""

    def __init__(self, count_dropped: Callable[[int], None], descriptor: int = 1) -> None:
        self._count_dropped = count_dropped
        self._descriptor = descriptor
        self._lines: deque[str] = deque()
        self._stop = threading.Event()
        self._second, self._stamp = 0, ""
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)

    def start(self) -> None:
        """Start the thread, in the process that appends the lines."""
        self._thread.start()

    def append(  # noqa: PLR0913, PLR0917 # one argument a field; an object would cost more
        self,
        request_id: str,
        method: str,
        path: str,
        status: int,
        size: int,
        seconds: float,
        version: str,
        client: str,
    ) -> None:
        """Queue the line of a request; ``request_id`` is valid, all other texts are encoded."""
        if len(self._lines) >= MAX_LINES:
            self._count_dropped(1)
            return
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        self._lines.append(
            f'{{"time":"{self._stamp}.{int((now - second) * 1000):03d}Z","id":"{request_id}",'
            f'"method":{_encode(method[:MAX_TEXT])},"path":{_encode(path[:MAX_TEXT])},'
            f'"status":{status},"bytes":{size},"ms":{seconds * 1000:.3f},'
            f'"version":{_encode(version)},"client":{_encode(client)}}}\n'
        )

    def close(self) -> None:
        """Write what is still queued, for two seconds at most."""
        self._stop.set()
        self._thread.join(2)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stop.wait(INTERVAL)
            self._write()

    def _write(self) -> None:
        block: list[bytes] = []
        length = 0
        for _ in range(len(self._lines)):
            line = self._lines.popleft().encode("ascii")
            if block and length + len(line) > MAX_ATOMIC_BYTES:
                self._write_block(b"".join(block), len(block))
                block, length = [], 0
            block.append(line)
            length += len(line)
        if block:
            self._write_block(b"".join(block), len(block))

    def _write_block(self, block: bytes, lines: int) -> None:
        try:
            while block:
                block = block[os.write(self._descriptor, block) :]
        except OSError:  # a closed pipe or a full disk must not stop the thread
            self._count_dropped(lines)


@lru_cache(1024)
def _encode(text: str) -> str:
    """Return ``text`` as a JSON string in ASCII, with its quotes."""
    return json.dumps(text).replace("\x7f", "\\u007f")
