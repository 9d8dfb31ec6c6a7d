"""Compares the API with other model servers: `python -m bench`; README.md explains the method."""

import argparse
import json
import os
import shutil
import sys
import urllib.error
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench import environments
from bench.load.measurement import MeasurementSettings, WrongPredictionError, measure_server
from bench.load.wrk import LoadSettings
from bench.machine import describe_machine
from bench.model.reference import measure_throughput, predict
from bench.model.selection import select_model
from bench.results.report import NAMES, write_report
from bench.results.results import Results
from bench.servers.catalog import API, SERVERS
from bench.servers.request_bodies import read_images
from bench.servers.server import ServerInputs
from local.environments import ROOT, EnvironmentFailedError
from local.processes import ProcessFailedError, Program, StopRequestedError, Supervisor

FAILURES = (ProcessFailedError, WrongPredictionError, urllib.error.HTTPError, RuntimeError)


def main() -> int:
    """Measure, print the table, write results.json; return 1 where the API itself failed."""
    args = _parse()
    if sys.platform != "linux" or not shutil.which("wrk"):
        print("The benchmark needs Linux and wrk; on Debian: apt-get install wrk", file=sys.stderr)
        return 1
    start = datetime.now(UTC)
    run_folder = ROOT / ".local" / "bench" / start.strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        inputs, description = _prepare(args.model, run_folder)
        results = Results(start.date().isoformat(), describe_machine(), description)
        for number in range(args.rounds):
            _run_round(number, args, inputs, results)
    except StopRequestedError as stop:
        print(f"\nStopped by {stop}.", file=sys.stderr)
        return 128 + stop.signal_number
    except (EnvironmentFailedError, OSError, *FAILURES) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    file = run_folder / "results.json"
    file.write_text(json.dumps(asdict(results), indent=1) + "\n")
    print(f"\n{write_report(results, args.servers)}\nAll results: {file}")
    return 1 if API in results.failures else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add, default = parser.add_argument, "(default: %(default)s)"
    add("--model", type=Path, help="ONNX file to serve (default: the last trained one)")
    add("--rounds", type=int, default=3, help=f"measurements of each server {default}")
    add("--seconds", type=int, default=5, help=f"duration of each load {default}")
    add("--warm-up", type=int, default=2, help=f"duration of the load before it {default}")
    add("--connections", type=int, default=16, help=f"of the single-image load {default}")
    add("--batch-connections", type=int, default=4, help=f"of the 256-image load {default}")
    add("servers", nargs="*", help=f"of {', '.join(SERVERS)} (default: all)")
    args = parser.parse_args()
    args.servers = args.servers or list(SERVERS)
    if unknown := set(args.servers) - set(SERVERS):
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(SERVERS)}")
    return args


def _prepare(model: Path | None, run_folder: Path) -> tuple[ServerInputs, str]:
    """Make environments, model and images; return them and the model's description."""
    for name in ("api-test", *{environment for _, environment, _ in NAMES.values()}):
        environments.make(name)
    run_folder.mkdir(parents=True)
    selected, description = select_model(model, run_folder)
    inputs = ServerInputs(selected, read_images(), run_folder)
    (run_folder / "images").write_bytes(inputs.images.float32)
    _save_mlflow_model(inputs)
    return inputs, description


def _save_mlflow_model(inputs: ServerInputs) -> None:
    """Run peers/mlflow/prepare.py. Raises RuntimeError."""
    log = inputs.run_folder / "prepare.log"
    command: list[str | Path] = [
        environments.bin_of("bench-mlflow") / "python",
        environments.PEERS / "mlflow" / "prepare.py",
        inputs.model,
        inputs.run_folder / "images",
        inputs.run_folder / "mlflow",
    ]
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with Supervisor() as supervisor:
        program = Program("saving the MLflow model", command, ROOT, environ, log)
        if supervisor.run(program) != 0:
            raise RuntimeError(f"The MLflow model could not be saved:\n{log.read_text()}")


def _run_round(
    number: int, args: argparse.Namespace, inputs: ServerInputs, results: Results
) -> None:
    """Measure every server, each round in a rotated order, and then ONNX Runtime alone."""
    run_folder, model = inputs.run_folder, inputs.model
    expected = predict(model, run_folder / "images")
    settings = MeasurementSettings(
        LoadSettings(args.connections, args.seconds),
        LoadSettings(args.batch_connections, args.seconds),
        args.warm_up,
    )
    first = number % len(args.servers)
    for name in args.servers[first:] + args.servers[:first]:
        print(f"Round {number + 1} of {args.rounds}: {name} ...", flush=True)
        server, log = SERVERS[name](inputs), run_folder / f"{name}.log"
        try:
            measurement = measure_server(server, model, expected, settings, log)
            results.measurements.setdefault(name, []).append(measurement)
        except FAILURES as error:
            print(f"  {error}", flush=True)
            results.failures.setdefault(name, []).append(str(error))
    print(f"Round {number + 1} of {args.rounds}: ONNX Runtime alone ...", flush=True)
    throughput = measure_throughput(model, run_folder / "images", args.seconds, run_folder)
    results.onnxruntime_alone.append(throughput)


if __name__ == "__main__":
    sys.exit(main())
