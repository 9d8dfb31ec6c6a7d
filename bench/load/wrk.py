"""Loads a running server with wrk, or runs the engine alone, and reads what came of it."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from bench.environments import bin_of
from bench.servers.server import Form
from local.environments import ROOT
from local.processes import Program, Supervisor

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Load:
    """Requests a second, ms; an error is a failed socket, a timeout or a status over 399."""

    rate: float
    p50: float
    p99: float
    requests: int
    errors: int


@dataclass(frozen=True)
class Pressure:
    """How hard and how long wrk asks: kept-alive connections, and whole seconds."""

    connections: int
    seconds: int


def load(supervisor: Supervisor, port: int, form: Form, pressure: Pressure, work: Path) -> Load:
    """Ask 127.0.0.1:``port`` over and over, from one wrk thread."""
    body, log = work / "body", work / "wrk.log"
    body.write_bytes(form.body)
    headers = [part for header in form.headers.items() for part in header]
    command: list[str | Path] = [
        "wrk", "-t1", f"-c{pressure.connections}", f"-d{pressure.seconds}s", "--timeout=30s",
        "-s", HERE / "wrk.lua", f"http://127.0.0.1:{port}{form.path}",
        "--", body, "Content-Type", form.content_type, *headers,
    ]  # fmt: skip
    code = supervisor.run(Program("wrk", command, work, os.environ, log))
    said = log.read_text()
    results = [line.split()[1:] for line in said.splitlines() if line.startswith("RESULT ")]
    if code != 0 or not results:
        raise RuntimeError(f"wrk ended with exit code {code} and without a result:\n{said}")
    rate, p50, p99, requests, errors = results[0]
    return Load(float(rate), float(p50), float(p99), int(requests), int(errors))


def run_engine(network: Path, images: Path, seconds: float, work: Path) -> float:
    """Return the images a second of two processes that run the network and nothing else."""
    begin = str(time.time() + 2)  # both have loaded the network by then
    environ = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    command: list[str | Path] = [
        bin_of("api") / "python",
        HERE.parent / "model" / "onnxruntime_alone.py",
        network,
        images,
        begin,
        str(seconds),
    ]
    logs = [work / f"engine-{number}.log" for number in (1, 2)]
    with Supervisor() as supervisor:
        supervisor.start(Program("the engine", command, ROOT, environ, logs[0]))
        if supervisor.run(Program("the engine", command, ROOT, environ, logs[1])) != 0:
            raise RuntimeError(f"The engine failed:\n{logs[1].read_text()}")
        deadline = time.monotonic() + 30
        while not logs[0].read_text().strip() and time.monotonic() < deadline:
            supervisor.pause(0.1)
    return sum(float(json.loads(log.read_text())) for log in logs)
