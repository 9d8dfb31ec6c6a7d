"""Runs the load generator wrk against a server and reads its result."""

import os
from dataclasses import dataclass
from pathlib import Path

from bench.servers.server import Request
from local.processes import Program, Supervisor

SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class LoadSettings:
    """The number of kept-alive connections, and the duration in whole seconds."""

    connections: int
    seconds: int


@dataclass(frozen=True)
class LoadResult:
    """Requests per second, latencies in ms; errors are failed sockets, timeouts, statuses > 399."""

    rate: float
    p50: float
    p99: float
    requests: int
    errors: int


def run_wrk(
    supervisor: Supervisor, port: int, request: Request, settings: LoadSettings, run_folder: Path
) -> LoadResult:
    """Send ``request`` to 127.0.0.1:``port`` repeatedly, from one wrk thread.

    Raises RuntimeError when wrk fails.
    """
    body, log = run_folder / "body", run_folder / "wrk.log"
    body.write_bytes(request.body)
    headers = [part for header in request.headers.items() for part in header]
    command: list[str | Path] = [
        "wrk", "-t1", f"-c{settings.connections}", f"-d{settings.seconds}s", "--timeout=30s",
        "-s", SCRIPT, f"http://127.0.0.1:{port}{request.path}",
        "--", body, "Content-Type", request.content_type, *headers,
    ]  # fmt: skip
    code = supervisor.run(Program("wrk", command, run_folder, os.environ, log))
    output = log.read_text()
    results = [line.split()[1:] for line in output.splitlines() if line.startswith("RESULT ")]
    if code != 0 or not results:
        raise RuntimeError(f"wrk ended with exit code {code} and without a result:\n{output}")
    rate, p50, p99, requests, errors = results[0]
    return LoadResult(float(rate), float(p50), float(p99), int(requests), int(errors))
