"""Starts a server, waits until it and its workers are ready, and sends it one request."""

import os
import time
import urllib.request
from pathlib import Path

from bench.environments import bin_of
from bench.load.process_stats import find_workers, measure_cpu_seconds
from bench.servers.server import Request, Server
from local.processes import ProcessFailedError, Program, Supervisor

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine needs no proxy
WORKERS = 2
IDLE_LOAD = 0.1  # of a core: the workers' processor time without requests, added up
CHECK_INTERVAL = 0.5  # s
READY_TIMEOUT = 120  # s; on a busy machine the slowest peer takes half of it


def start_server(supervisor: Supervisor, server: Server, model: Path, log: Path) -> float:
    """Start ``server`` with ``model``; return the seconds until it was ready.

    Raises ProcessFailedError when it ends or is not ready within the timeout.
    """
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    path = f"{bin_of(server.environment)}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    common = {"PATH": path, "MODEL_FILE": str(model), "ORT_DISABLE_TELEMETRY": "1"}
    environ = {**inherited, **common, **server.environ}
    begin = time.monotonic()
    supervisor.start(Program("the server", server.command, server.folder, environ, log))
    while not _is_ready(server):
        supervisor.check()
        if time.monotonic() - begin > READY_TIMEOUT:
            raise ProcessFailedError(f"It was not ready after {READY_TIMEOUT} s; see {log}.")
        supervisor.pause(0.01)
    return time.monotonic() - begin


def wait_for_workers(supervisor: Supervisor, leader: int, count: int = WORKERS) -> None:
    """Wait until all workers run and are idle: some servers are ready before their workers are.

    Raises ProcessFailedError.
    """
    deadline, used = time.monotonic() + READY_TIMEOUT, [0.0]
    while True:
        supervisor.pause(CHECK_INTERVAL)
        supervisor.check()
        workers = find_workers(leader)
        before, used = used, measure_cpu_seconds(workers)
        if len(workers) == count and sum(used) - sum(before) < IDLE_LOAD * CHECK_INTERVAL:
            return
        if time.monotonic() > deadline:
            raise ProcessFailedError(f"No {count} workers were idle after {READY_TIMEOUT} s.")


def send_request(server: Server, request: Request) -> list[int]:
    """Return the predicted classes. Raises HTTPError for a status over 299."""
    url = f"http://127.0.0.1:{server.port}{request.path}"
    headers = {"Content-Type": request.content_type, **request.headers}
    post = urllib.request.Request(url, request.body, headers)
    with DIRECT.open(post, timeout=60) as response:
        return request.read(response.read(), response.headers)


def _is_ready(server: Server) -> bool:
    try:
        url = f"http://127.0.0.1:{server.port}{server.health_path}"
        with DIRECT.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
