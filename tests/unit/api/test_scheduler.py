"""Long tasks yield to each other after each unit, and end when their clients disconnect."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from mnist_api.problems import ClientGoneError, ProblemError
from mnist_api.server.scheduler import MAX_JOBS, Scheduler


def work(log: list[str], name: str, units: int) -> Callable[[Callable[[], None]], str]:
    def run(checkpoint: Callable[[], None]) -> str:
        for _ in range(units):
            log.append(name)
            time.sleep(0.02)
            checkpoint()
        return name

    return run


def test_a_short_task_waits_for_one_unit_of_a_long_one() -> None:
    log: list[str] = []
    waits = threading.Event()

    def wait_then_work(checkpoint: Callable[[], None]) -> str:
        assert waits.wait(10)  # in the first unit
        return work(log, "long", 20)(checkpoint)

    async def both() -> list[str]:
        scheduler, stay = Scheduler(), asyncio.get_running_loop().create_future()
        long = asyncio.create_task(scheduler.run(wait_then_work, stay))
        await wait_for_jobs(scheduler, 1)
        short = asyncio.create_task(scheduler.run(work(log, "short", 2), stay))
        await wait_for_jobs(scheduler, 2)
        waits.set()
        return await asyncio.gather(long, short)

    assert asyncio.run(both()) == ["long", "short"]
    assert log[:5] == ["long", "short", "long", "short", "long"]


async def wait_for_jobs(scheduler: Scheduler, count: int) -> None:
    async with asyncio.timeout(10):
        while len(scheduler._queue) < count:
            await asyncio.sleep(0.01)


def test_a_task_ends_soon_after_its_client_disconnects() -> None:
    async def leave(log: list[str]) -> None:
        scheduler, gone = Scheduler(), asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.1, gone.set_result, None)
        waiting = scheduler.run(
            work(log, "never", 1), gone
        )  # it has disconnected before its task started
        with pytest.raises(ClientGoneError):
            await asyncio.gather(scheduler.run(work(log, "long", 1000), gone))
        with pytest.raises(ClientGoneError):
            await waiting
        cancelled = asyncio.create_task(
            scheduler.run(work(log, "cancelled", 1000), asyncio.Future())
        )
        await asyncio.sleep(0.05)
        cancelled.cancel()
        assert await scheduler.run(work(log, "next", 1), asyncio.Future()) == "next"

    log: list[str] = []
    begin = time.monotonic()
    asyncio.run(leave(log))
    assert time.monotonic() - begin < 5
    assert "never" not in log
    assert log[-1] == "next"


def test_tasks_beyond_the_queue_are_503_with_retry_after() -> None:
    async def crowd() -> None:
        scheduler, stay = Scheduler(), asyncio.get_running_loop().create_future()
        tasks = [
            asyncio.create_task(scheduler.run(work([], "one", 2), stay)) for _ in range(MAX_JOBS)
        ]
        await asyncio.sleep(0)
        with pytest.raises(ProblemError) as refused:
            await scheduler.run(work([], "more", 1), stay)
        assert refused.value.status == 503
        assert refused.value.headers["Retry-After"]
        await asyncio.gather(*tasks)
        assert await scheduler.run(work([], "later", 1), stay) == "later"

    asyncio.run(crowd())
