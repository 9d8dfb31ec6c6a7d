"""All workers' polls are one question to the registry."""

import contextlib
import os
import signal
import time

import pytest

from mnist_api.model.version import Version
from mnist_api.registry.mlflow_client import RegistryError
from mnist_api.registry.shared_registry import JITTER, SharedRegistry, choose_pause
from support.polled_fakes import FakeRegistry
from support.polling import version
from support.processes import wait_until


class CountingRegistry(FakeRegistry):
    """Counts the questions, also those of forked processes."""

    hangs = False

    def __init__(self) -> None:
        super().__init__()
        self.read, self.write = os.pipe()
        os.set_blocking(self.read, False)

    def find(self) -> Version | None:
        os.write(self.write, b".")
        if self.hangs:
            signal.pause()
        return super().find()

    def count(self) -> int:
        try:
            return len(os.read(self.read, 1000))
        except BlockingIOError:
            return 0


@pytest.fixture
def registry() -> CountingRegistry:
    made = CountingRegistry()
    made.desired = version(3)
    return made


def share(registry: FakeRegistry, poll_seconds: float = 60) -> SharedRegistry:
    return SharedRegistry(registry, poll_seconds)  # type: ignore[arg-type] # a fake


def fork(shared: SharedRegistry, polls: int) -> int:
    """Poll in a process of its own."""
    pid = os.fork()
    if pid == 0:
        os._exit(_poll(shared, polls))
    return pid


def _poll(shared: SharedRegistry, polls: int) -> int:
    for _ in range(polls):
        if shared.find() != version(3):
            return 1
        time.sleep(shared.seconds_to_next())
    return 0


def test_many_workers_ask_as_often_as_one(registry: CountingRegistry) -> None:
    shared = share(registry, 0.2)
    workers = [fork(shared, 5) for _ in range(8)]
    assert [os.waitpid(worker, 0)[1] for worker in workers] == [0] * 8
    assert 5 <= registry.count() <= 12, "each waits for five answers, not 40 in all"


def test_only_the_worker_that_asked_knows_it(registry: CountingRegistry) -> None:
    shared = share(registry)
    assert shared.find() == version(3)
    assert shared.has_asked
    registry.desired = version(4)
    assert shared.find() == version(3)
    assert not shared.has_asked
    assert registry.count() == 1


def test_an_error_is_everybodys(registry: CountingRegistry) -> None:
    registry.error = RegistryError("http://mlflow does not respond: refused")
    shared = share(registry)
    for has_asked in (True, False, False):
        with pytest.raises(RegistryError, match="http://mlflow does not respond: refused"):
            shared.find()
        assert shared.has_asked == has_asked, "the worker that asked counts the failure"
    assert registry.count() == 1


def test_questions_are_spread_by_a_fifth(registry: CountingRegistry) -> None:
    pauses = []
    for _ in range(50):
        shared = share(registry)
        shared.find()
        pauses.append(shared.seconds_to_next())
    assert 60 * (1 - JITTER) - 1 < min(pauses) < 55
    assert 65 < max(pauses) < 60 * (1 + JITTER)


def test_a_worker_that_is_killed_while_it_asks_holds_nobody_up(registry: CountingRegistry) -> None:
    shared = share(registry)
    registry.hangs = True
    pid = fork(shared, 1)
    registry.hangs = False
    wait_until(lambda: registry.count() == 1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert shared.find() == version(3)


def test_an_unforeseen_error_is_no_busy_loop(registry: CountingRegistry) -> None:
    registry.error = ValueError("unforeseen")
    shared = share(registry)
    with pytest.raises(ValueError, match="unforeseen"):
        shared.find()
    assert shared.seconds_to_next() > 30


class SlowRegistry(FakeRegistry):
    """Takes a second for the questions whose numbers are named, whatever it answers."""

    def __init__(self, *slow: int) -> None:
        super().__init__()
        self.slow, self.asked = slow, 0

    def find(self) -> Version | None:
        self.asked += 1
        time.sleep(self.asked in self.slow)
        return super().find()


@pytest.mark.parametrize("slow", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("error", [None, RegistryError("timed out")])
def test_a_registry_that_is_slow_twice_is_asked_less_often(
    slow: tuple[int, ...], error: RegistryError | None
) -> None:
    registry = SlowRegistry(*slow)
    registry.error = error
    shared = share(registry, 0.1)
    for _ in range(2):
        time.sleep(shared.seconds_to_next())
        with contextlib.suppress(RegistryError):
            shared.find()
    assert (shared.seconds_to_next() > 1) == (slow == (1, 2)), "5 s or 0.1 s, and a fifth"


def test_a_pause_for_a_slow_registry_is_bounded() -> None:
    assert choose_pause(2.0, 14.0, 14.0) <= 15 * (1 + JITTER)
