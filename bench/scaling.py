"""Measures how far one machine goes: `python -m bench.scaling`.

The API beside the least that a server of this model can do, in Python on Granian and in Rust on
axum, each with the same ONNX Runtime: the highest rate of wrk's closed loop, and latencies at fixed
rates, from the intended start of each request.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from bench import environments
from bench.load.measurement import WrongPredictionError, repeat_until_even
from bench.load.oha import run_oha
from bench.load.process_stats import (
    find_child,
    find_processes,
    find_workers,
    measure_cpu_seconds,
)
from bench.load.server_process import send_request, start_server, wait_for_workers
from bench.load.wrk import LoadResult, LoadSettings, run_wrk
from bench.machine import describe_machine
from bench.model.reference import predict
from bench.model.selection import select_model
from bench.results.scaling import ScalingMeasurement, ScalingResults, write_scaling
from bench.servers.bare_servers import AXUM, GRANIAN, axum, build_axum, granian
from bench.servers.catalog import API, mnist_api
from bench.servers.request_bodies import read_images
from bench.servers.server import Server, ServerInputs
from local.environments import ROOT
from local.processes import Supervisor

CONNECTIONS = 16  # of the closed loop
WARM_UP = 2  # s
SERVERS: dict[str, Callable[[ServerInputs], Server]] = {
    API: mnist_api,
    GRANIAN: granian,
    AXUM: axum,
}


def main() -> int:
    """Measure in rounds of rotated order, print the tables; return 1 where a request failed."""
    args = _parse()
    if sys.platform != "linux" or not (shutil.which("wrk") and shutil.which("oha")):
        sys.exit(
            "This needs Linux, wrk and oha: apt-get install wrk; cargo install --locked oha@1.16.0"
        )
    for name in ("api", "api-test", "bench-granian"):
        environments.make(name)
    names = list(SERVERS)
    if not build_axum():
        print("The ceiling in Rust is left out: there is no cargo to build it.", flush=True)
        names.remove(AXUM)
    start = datetime.now(UTC)
    run_folder = ROOT / ".local" / "bench" / start.strftime("scaling-%Y-%m-%dT%H-%M-%SZ")
    run_folder.mkdir(parents=True)
    model, description = select_model(None, run_folder)
    inputs = ServerInputs(model, read_images(), run_folder)
    (run_folder / "images").write_bytes(inputs.images.float32)
    expected = predict(model, run_folder / "images")[:1]
    results = ScalingResults(start.date().isoformat(), describe_machine(), description)
    for number in range(args.rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            print(f"Round {number + 1} of {args.rounds}: {name} ...", flush=True)
            measurement = _measure(SERVERS[name](inputs), inputs, expected, args)
            results.measurements.setdefault(name, []).append(measurement)
    (run_folder / "results.json").write_text(json.dumps(asdict(results), indent=1) + "\n")
    print(f"\n{write_scaling(results)}\nAll results: {run_folder}")
    return 1 if results.count_errors() else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    add, default = parser.add_argument, "(default: %(default)s)"
    add("--rounds", type=int, default=5, help=f"measurements of each server {default}")
    add("--seconds", type=int, default=5, help=f"duration of each load {default}")
    add(
        "--shares",
        type=float,
        nargs="+",
        default=[0.25, 0.5, 0.75],
        help=f"fixed rates, as shares of the server's highest in the same round {default}",
    )
    return parser.parse_args()


def _measure(
    server: Server, inputs: ServerInputs, expected: list[int], args: argparse.Namespace
) -> ScalingMeasurement:
    """Measure one server once. Raises WrongPredictionError, ProcessFailedError, RuntimeError."""
    folder = inputs.run_folder
    with Supervisor() as supervisor:
        start_server(supervisor, server, inputs.model, folder / f"{server.folder.name}.log")
        if send_request(server, server.single) != expected:
            raise WrongPredictionError("The prediction for the first image is not ONNX Runtime's.")
        leader = find_child()
        wait_for_workers(supervisor, leader, server.processes)
        pids = sorted(find_processes(leader))

        def run_load(seconds: int) -> tuple[LoadResult, float]:
            """Return the result, and the processor time of all processes a request, in µs."""
            before = sum(measure_cpu_seconds(pids))
            settings = LoadSettings(CONNECTIONS, seconds)
            result = run_wrk(supervisor, server.port, server.single, settings, folder)
            used = sum(measure_cpu_seconds(pids)) - before
            return result, 1e6 * used / result.requests

        run_load(WARM_UP)
        attempts = repeat_until_even(find_workers(leader), lambda: run_load(args.seconds))
        _, (closed, cpu) = max(attempts, key=lambda attempt: attempt[0])
        rates = [int(share * closed.rate) for share in args.shares]
        fixed = [run_oha(supervisor, server, rate, args.seconds, folder) for rate in rates]
    return ScalingMeasurement(closed, cpu, dict(zip(map(str, args.shares), fixed, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
