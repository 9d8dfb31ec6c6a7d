"""Measures what the monitoring costs the API: `python -m bench.monitoring`.

The stack of compose.yaml and compose/monitoring.yaml must run, with or without Grafana. Loads while
the monitoring's services are stopped alternate with loads while they run.
"""

import argparse
import os
import statistics
import subprocess
import sys
from datetime import UTC, datetime

from bench.load.wrk import LoadResult, LoadSettings, run_wrk
from bench.servers.catalog import JSON
from bench.servers.request_bodies import read_images
from bench.servers.responses import read_prediction
from bench.servers.server import Request
from local.environments import ROOT
from local.processes import Supervisor

CONNECTIONS = 16
SETTLE_SECONDS = 15  # after the services start, which reads what they have stored
FILES = "compose.yaml:compose/monitoring.yaml"
SERVICES = ("prometheus", "postgres-exporter", "alertmanager")


def main() -> int:
    """Measure and print a table; return 1 where a request failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.monitoring", description=__doc__)
    add, default = parser.add_argument, "(default: %(default)s)"
    add("--rounds", type=int, default=5, help=f"pairs of loads {default}")
    add("--seconds", type=int, default=30, help=f"of each load; a scrape is each 30 s {default}")
    args = parser.parse_args()
    services = find_services()
    start = datetime.now(UTC)
    run_folder = ROOT / ".local" / "bench" / start.strftime("monitoring-%Y-%m-%dT%H-%M-%SZ")
    run_folder.mkdir(parents=True)
    request = Request("JSON", "/predict", JSON, read_images().encode_json(), read_prediction)
    load, port = LoadSettings(CONNECTIONS, args.seconds), int(os.environ.get("API_PORT", "8000"))
    ratios, errors = [], 0
    print("| requests/s without | with | ratio | p99 ms without | with |\n|--:|--:|--:|--:|--:|")
    with Supervisor() as supervisor:

        def run_load(is_monitored: bool) -> LoadResult:
            compose("start" if is_monitored else "stop", *services)
            supervisor.pause(SETTLE_SECONDS)
            return run_wrk(supervisor, port, request, load, run_folder)

        try:
            for number in range(args.rounds):
                order = (False, True) if number % 2 else (True, False)
                results = {is_monitored: run_load(is_monitored) for is_monitored in order}
                off, on = results[False], results[True]
                ratios.append(on.rate / off.rate)
                errors += off.errors + on.errors
                row = f"{off.rate:.0f} | {on.rate:.0f} | {ratios[-1]:.3f} | {off.p99:.1f}"
                print(f"| {row} | {on.p99:.1f} |", flush=True)
        finally:
            compose("start", *services)
    print(
        f"\nRatios: median {statistics.median(ratios):.3f}, "
        f"{min(ratios):.3f} to {max(ratios):.3f}. Errors: {errors}."
    )
    return 1 if errors else 0


def find_services() -> list[str]:
    """Return the services of the monitoring, which must run; Grafana only if it does."""
    running = set(compose("ps", "--services", "--status=running").split())
    if stopped := set(SERVICES) - running:
        sys.exit(f"Start the stack with COMPOSE_FILE={FILES}: {min(stopped)} does not run.")
    return [*SERVICES, *({"grafana"} & running)]


def compose(*arguments: str) -> str:
    """Run a command of Compose, and return its output; end if it fails, as the figure is void."""
    done = subprocess.run(
        ["docker", "compose", *arguments], cwd=ROOT, env={"COMPOSE_FILE": FILES, **os.environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"docker compose {' '.join(arguments)} failed: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
