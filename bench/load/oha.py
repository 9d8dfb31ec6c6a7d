"""Runs the load generator oha at a fixed rate, whatever the server does: an open loop."""

import csv
import os
import statistics
from dataclasses import dataclass
from pathlib import Path

from bench.servers.server import Server
from local.processes import Program, Supervisor

CONNECTIONS = 64  # while all of them wait, later requests start late, which their latency includes


@dataclass(frozen=True)
class OpenLoopResult:
    """Latencies in ms by percentile, from the intended start of each request.

    ``rate`` is the one of the intended starts; errors are failed requests and statuses over 399.
    """

    rate: int
    p50: float
    p90: float
    p99: float
    p999: float
    errors: int


def run_oha(
    supervisor: Supervisor, server: Server, rate: int, seconds: int, run_folder: Path
) -> OpenLoopResult:
    """Send the request of one image to ``server``, ``rate`` times a second for ``seconds``.

    Raises RuntimeError when oha fails.
    """
    request = server.single
    body, log = run_folder / "body", run_folder / "oha.csv"
    body.write_bytes(request.body)
    count = rate * seconds
    command: list[str | Path] = [
        "oha", f"-n{count}", f"-q{rate}", f"-c{CONNECTIONS}", "-t30s", "--no-tui", "--redirect=0",
        "--disable-compression", "--output-format=csv", "--method=POST", "-T", request.content_type,
        "-D", body, f"http://127.0.0.1:{server.port}{request.path}",
    ]  # fmt: skip
    code = supervisor.run(Program("oha", command, run_folder, os.environ, log))
    if code != 0:
        raise RuntimeError(f"oha ended with exit code {code}:\n{log.read_text()[:1000]}")
    latencies, errors = read_latencies(log, rate)
    percentiles = statistics.quantiles(latencies, n=1000)
    p50, p90, p99, p999 = (percentiles[index] for index in (499, 899, 989, 998))
    return OpenLoopResult(rate, p50, p90, p99, p999, errors + count - len(latencies))


def read_latencies(file: Path, rate: float) -> tuple[list[float], int]:
    """Return the latencies in ms from the intended starts, and the number of statuses over 399.

    oha's own are from the actual start, and its --latency-correction from when its timer ran. It
    hands out the requests in order, one each 1 / ``rate`` s; the earliest sets the first start.
    """
    with file.open() as opened:
        rows = list(csv.DictReader(opened))
    starts = [float(row["request-start"]) for row in rows]
    late = [start - index / rate for index, start in enumerate(starts)]
    first = min(late)
    latencies = [
        1000 * (each - first + float(row["request-duration"]))
        for each, row in zip(late, rows, strict=True)
    ]
    return latencies, sum(int(row["status"]) > 399 for row in rows)
