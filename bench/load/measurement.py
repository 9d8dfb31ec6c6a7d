"""One visit to one server: start, check its answers, load it, measure it, stop it."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.environments import bin_of
from bench.load.process_stats import only_child, pss_of, seconds_of, tree_of, workers_of
from bench.load.wrk import Load, Pressure, load
from bench.servers.server import Form, Server
from local.processes import ProcessFailedError, Program, Supervisor

WORKERS = 2
EVEN = 0.6  # of the busiest worker's processor time; below it a load is not compared lightly
AT_REST = 0.1  # of a core, used by both workers together when nobody asks
PATIENCE = 120  # s to become ready; on a busy machine the slowest peer needs half of it


class WrongAnswerError(Exception):
    """A server answered something else than the network itself; the message says what."""


@dataclass(frozen=True)
class Plan:
    """How each server is loaded; the warm-up, in whole seconds, comes before each load."""

    single: Pressure
    batch: Pressure
    warm_up: int


@dataclass(frozen=True)
class Visit:
    """What one visit found: seconds to ready, MB of PSS, and for the workers the smallest share.

    ``balance`` is the least busy worker's processor time over the busiest one's, 1 when even.
    ``batch`` counts requests of 256 images; None where no form for them is offered.
    """

    ready: float
    single: Load
    balance: float
    workers: int
    pss: float
    batch: Load | None
    batch_form: str


def visit(server: Server, network: Path, expected: list[int], plan: Plan, log: Path) -> Visit:
    """Return what was found; ``expected`` are the digits that the network itself predicts.

    Raises WrongAnswerError, ProcessFailedError or StopRequestedError.
    """
    with Supervisor() as supervisor:

        def press(form: Form, pressure: Pressure) -> Load:
            return load(supervisor, server.port, form, pressure, log.parent)

        ready = start(supervisor, server, network, log)
        if ask(server, server.single) != expected[:1]:
            raise WrongAnswerError("it took the first digit for another than the network does")
        leader = only_child()
        _await_workers(supervisor, leader)
        press(server.single, replace(plan.single, seconds=plan.warm_up))
        workers = workers_of(tree_of(leader))
        balance, single = max(
            _press_evenly(workers, lambda: press(server.single, plan.single)),
            key=lambda found: found[0],
        )
        pss = pss_of(tree_of(leader))
        batch, form = None, _first_offered(server, expected)
        if form:
            press(form, replace(plan.batch, seconds=plan.warm_up))
            batch = press(form, plan.batch)
    name = form.name if form else "not offered"
    return Visit(ready, single, balance, len(workers), pss, batch, name)


def start(supervisor: Supervisor, server: Server, network: Path, log: Path) -> float:
    """Start ``server`` with ``network``; return after how many seconds it was ready."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    path = f"{bin_of(server.environment)}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    given = {"PATH": path, "MODEL_FILE": str(network), "ORT_DISABLE_TELEMETRY": "1"}
    environ = {**inherited, **given, **server.environ}
    begin = time.monotonic()
    supervisor.start(Program("the server", server.command, server.folder, environ, log))
    while not _is_ready(server):
        supervisor.check()
        if time.monotonic() - begin > PATIENCE:
            raise ProcessFailedError(f"It was not ready after {PATIENCE} s; see {log}.")
        supervisor.pause(0.01)
    return time.monotonic() - begin


def ask(server: Server, form: Form) -> list[int]:
    """Return the digits that ``server`` answers. Raises HTTPError for a status over 299."""
    url = f"http://127.0.0.1:{server.port}{form.path}"
    headers = {"Content-Type": form.content_type, **form.headers}
    request = urllib.request.Request(url, form.body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - http on 127.0.0.1
        return form.read(answer.read(), answer.headers)


def _await_workers(supervisor: Supervisor, leader: int) -> None:
    """Wait until both workers are there and at rest: some servers are ready with the first one."""
    deadline, used = time.monotonic() + PATIENCE, [0.0]
    while True:
        supervisor.pause(0.5)
        supervisor.check()
        workers = workers_of(tree_of(leader))
        before, used = used, seconds_of(workers)
        if len(workers) == WORKERS and sum(used) - sum(before) < AT_REST * 0.5:
            return
        if time.monotonic() > deadline:
            raise ProcessFailedError(f"No {WORKERS} workers were at rest after {PATIENCE} s.")


def _press_evenly(workers: list[int], press: Callable[[], Load]) -> Iterator[tuple[float, Load]]:
    """Yield loads with their balance until one is even, three at most.

    Where workers share a listening socket, one may accept all connections; new ones may fare
    better.
    """
    for _ in range(3):
        before = seconds_of(workers)
        found = press()
        used = [after - then for after, then in zip(seconds_of(workers), before, strict=True)]
        balance = min(used) / max(used) if max(used) > 0 else 0.0
        yield balance, found
        if balance >= EVEN:
            return


def _first_offered(server: Server, expected: list[int]) -> Form | None:
    for form in server.batches:
        try:
            answered = ask(server, form)
        except urllib.error.HTTPError as error:
            if error.code in (404, 405, 415):
                continue
            raise
        if answered != expected:
            raise WrongAnswerError(f"256 images as {form.name} got other digits than the network's")
        return form
    return None


def _is_ready(server: Server) -> bool:
    try:
        url = f"http://127.0.0.1:{server.port}{server.ready}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
