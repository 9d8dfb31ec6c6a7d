"""Measures one server: start it, check its predictions, load it, read its memory, stop it."""

import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from bench.load.process_stats import find_child, find_workers, measure_cpu_seconds, measure_pss
from bench.load.server_process import send_request, start_server, wait_for_workers
from bench.load.wrk import LoadResult, LoadSettings, run_wrk
from bench.servers.server import Request, Server
from local.processes import Supervisor

EVEN_BALANCE = 0.6  # from here on the load counts as evenly spread over the workers
ATTEMPTS = 3  # to get an even balance

Result = TypeVar("Result")


class WrongPredictionError(Exception):
    """A server's predictions differ from those of ONNX Runtime; the message says which."""


@dataclass(frozen=True)
class MeasurementSettings:
    """The two loads of each server; ``warm_up`` is the duration of the load before each, in s."""

    single: LoadSettings
    batch: LoadSettings
    warm_up: int


@dataclass(frozen=True)
class Measurement:
    """One measurement of one server: ``ready`` in s, ``pss`` in MB.

    ``balance`` is the least busy worker's processor time over the busiest one's, 0 to 1.
    ``batch`` counts requests of 256 images; None where no format for them is supported.
    """

    ready: float
    single: LoadResult
    balance: float
    workers: int
    pss: float
    batch: LoadResult | None
    batch_format: str


def measure_server(
    server: Server, model: Path, expected: list[int], settings: MeasurementSettings, log: Path
) -> Measurement:
    """Measure ``server``; ``expected`` are ONNX Runtime's predictions for the 256 images.

    Raises WrongPredictionError, ProcessFailedError, StopRequestedError, HTTPError or RuntimeError.
    """
    with Supervisor() as supervisor:

        def run_load(request: Request, load: LoadSettings) -> LoadResult:
            return run_wrk(supervisor, server.port, request, load, log.parent)

        ready = start_server(supervisor, server, model, log)
        if send_request(server, server.single) != expected[:1]:
            raise WrongPredictionError("The prediction for the first image is not ONNX Runtime's.")
        leader = find_child()
        wait_for_workers(supervisor, leader)
        run_load(server.single, replace(settings.single, seconds=settings.warm_up))
        workers = find_workers(leader)
        balance, single = max(
            repeat_until_even(workers, lambda: run_load(server.single, settings.single)),
            key=lambda attempt: attempt[0],
        )
        pss = measure_pss(leader)
        batch, request = None, _select_batch_request(server, expected)
        if request:
            run_load(request, replace(settings.batch, seconds=settings.warm_up))
            batch = run_load(request, settings.batch)
    batch_format = request.format if request else "not offered"
    return Measurement(ready, single, balance, len(workers), pss, batch, batch_format)


def repeat_until_even(
    workers: list[int], run_load: Callable[[], Result]
) -> Iterator[tuple[float, Result]]:
    """Yield each load's balance and result, until one is even, three at most.

    Workers that share a listening socket may get very different numbers of connections; each load
    opens new ones.
    """
    for _ in range(ATTEMPTS):
        before = measure_cpu_seconds(workers)
        result = run_load()
        after = measure_cpu_seconds(workers)
        used = [end - start for start, end in zip(before, after, strict=True)]
        balance = min(used) / max(used) if max(used) > 0 else 0.0
        yield balance, result
        if balance >= EVEN_BALANCE:
            return


def _select_batch_request(server: Server, expected: list[int]) -> Request | None:
    """Return the first batch request that the server supports and predicts right."""
    for request in server.batches:
        try:
            predictions = send_request(server, request)
        except urllib.error.HTTPError as error:
            if error.code in (404, 405, 415):
                continue
            raise
        if predictions != expected:
            raise WrongPredictionError(
                f"The predictions for 256 images as {request.format} are not ONNX Runtime's."
            )
        return request
    return None
