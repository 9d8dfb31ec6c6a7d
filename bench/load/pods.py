"""Simulated pods of the API: they ask the registry as it does, and do nothing else."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from mnist_api.registry.history.recorder import PAUSE
from mnist_api.registry.mlflow_client import REQUEST_SECONDS, TAG_SECONDS
from mnist_api.registry.shared_registry import choose_pause

START_SECONDS = 20.0  # in which all pods start, as in a rollout


@dataclass
class Answers:
    """Latencies in s, connecting included, how many failed, how many asked for the alias."""

    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    polls: int = 0

    def forget(self) -> None:
        """Begin anew."""
        self.latencies.clear()
        self.failed = self.polls = 0


class Pod:
    """One pod, which asks the registry at ``uri`` for the alias of the model ``name``."""

    def __init__(self, uri: str, name: str, alias: str, poll_seconds: float) -> None:
        self._address = urlsplit(uri)
        self._alias = f"registered-models/alias?{urlencode({'name': name, 'alias': alias})}"
        self._model = f"registered-models/get?{urlencode({'name': name})}"
        self._poll_seconds = poll_seconds

    async def run(self, answers: Answers) -> None:
        """Ask again and again: the alias each time, the tags of the history when it is time."""
        await asyncio.sleep(random.uniform(0, START_SECONDS))  # noqa: S311 # no secret
        look = took = 0.0  # when the tags are read again, and what the last answer took
        while True:
            answers.polls += 1
            before, took = took, await self._ask(self._alias, REQUEST_SECONDS, answers)
            if time.monotonic() >= look:
                look = time.monotonic() + PAUSE.total_seconds()
                await self._ask(self._model, TAG_SECONDS, answers)
            await asyncio.sleep(choose_pause(self._poll_seconds, before, took))

    async def _ask(self, endpoint: str, seconds: float, answers: Answers) -> float:
        """Return how long the answer took, or the pod waited for it."""
        begin = time.perf_counter()
        try:
            async with asyncio.timeout(seconds):
                response = await self._get(f"/api/2.0/mlflow/{endpoint}")
        except (OSError, TimeoutError):
            response = b""
        took = time.perf_counter() - begin
        answers.latencies.append(took)
        answers.failed += not response.startswith(b"HTTP/1.1 200 ")
        return took

    async def _get(self, target: str) -> bytes:
        host, port = self._address.hostname, self._address.port
        reader, writer = await asyncio.open_connection(host, port)
        try:
            head = f"GET {target} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
            writer.write(f"{head}Accept-Encoding: identity\r\nConnection: close\r\n\r\n".encode())
            return await reader.read(-1)
        finally:
            writer.close()
