"""Measures the API under hostile clients: `python -m bench.hostile`.

Each load beside hostile clients runs right after the same load without them, and is compared with
it.
"""

import http.client
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from bench import environments
from bench.load.hostile_clients import SCENARIOS, repeat_in_thread
from bench.load.server_process import start_server
from bench.load.wrk import LoadResult, LoadSettings, run_wrk
from bench.model.selection import select_model
from bench.servers.catalog import mnist_api
from bench.servers.request_bodies import read_images
from bench.servers.server import ServerInputs
from local.environments import ROOT
from local.processes import Supervisor

ROUNDS, LOAD = 3, LoadSettings(connections=16, seconds=3)
HEAD = """\
| hostile clients | rate, relative to none | slowest /health, ms | errors |
|---|--:|--:|--:|"""


def main() -> int:
    """Measure and print a table; return 1 where a request failed or a worker was killed."""
    start = datetime.now(UTC)
    run_folder = ROOT / ".local" / "bench" / start.strftime("hostile-%Y-%m-%dT%H-%M-%SZ")
    run_folder.mkdir(parents=True)
    for name in ("api", "api-test"):
        environments.make(name)
    model, _ = select_model(None, run_folder)
    server = mnist_api(ServerInputs(model, read_images(), run_folder))
    failed = 0
    print(HEAD, flush=True)
    with Supervisor() as supervisor:
        start_server(supervisor, server, model, run_folder / "server.log")

        def run_load() -> LoadResult:
            return run_wrk(supervisor, server.port, server.single, LOAD, run_folder)

        run_load()  # warm-up
        for name, scenario in SCENARIOS.items():
            ratios, slowest, errors = [], [], 0
            for _ in range(ROUNDS):
                baseline = run_load()
                with scenario(server.port), measure_health(server.port) as latencies:
                    result = run_load()
                ratios.append(result.rate / baseline.rate)
                slowest.append(1000 * max(latencies))
                errors += result.errors
            medians = f"{statistics.median(ratios):.2f} | {statistics.median(slowest):.0f}"
            print(f"| {name} | {medians} | {errors} |", flush=True)
            failed += errors
        # Before the stop: uvicorn's workers end with the SIGTERM that they have received.
        killed = (run_folder / "server.log").read_text().count("was sent SIG")
    print(f"\nWorkers killed: {killed}. Load average: {os.getloadavg()[0]:.1f}.")
    return 1 if failed or killed else 0


@contextmanager
def measure_health(port: int) -> Iterator[list[float]]:
    """Request /health up to ten times a second; yield the latencies in s, 10 for a failure."""
    latencies = [0.0]

    def measure() -> None:
        begin = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/health")
            healthy = connection.getresponse().status == 200
        except OSError:
            healthy = False
        connection.close()
        latencies.append(time.monotonic() - begin if healthy else 10.0)

    with repeat_in_thread(measure):
        yield latencies


if __name__ == "__main__":
    sys.exit(main())
