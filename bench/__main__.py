"""The API beside its peers: `python -m bench`, see `--help` and README.md."""

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
from bench.load.measurement import Plan, WrongAnswerError, start, visit
from bench.load.wrk import Pressure, run_engine
from bench.machine import describe_machine
from bench.model.selection import ask_network, choose_network
from bench.results.results import Results
from bench.results.table import write_table
from bench.servers.catalog import CACHE, OURS, SERVERS, from_cache
from bench.servers.request_bodies import read_digits
from bench.servers.server import Material
from local.environments import ROOT, EnvironmentFailedError
from local.processes import ProcessFailedError, Program, StopRequestedError, Supervisor

FAILURES = (ProcessFailedError, WrongAnswerError, urllib.error.HTTPError, RuntimeError)


def main() -> int:
    """Measure, print the table, keep the figures; return 1 where the API itself failed."""
    arguments = _parse()
    if sys.platform != "linux" or not shutil.which("wrk"):
        print("The benchmark needs Linux and wrk; on Debian: apt-get install wrk", file=sys.stderr)
        return 1
    begin = datetime.now(UTC)
    work = ROOT / ".local" / "bench" / begin.strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        material, name = _prepare(arguments, work)
        results = Results(begin.date().isoformat(), describe_machine(), name)
        for number in range(arguments.rounds):
            _run_round(number, arguments, material, results)
    except StopRequestedError as stop:
        print(f"\nStopping, as asked ({stop}).", file=sys.stderr)
        return 128 + stop.signal_number
    except (EnvironmentFailedError, OSError, *FAILURES) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    (work / "results.json").write_text(json.dumps(asdict(results), indent=1) + "\n")
    print(f"\n{write_table(results, arguments.servers)}\nEvery figure: {work / 'results.json'}")
    return 1 if OURS in results.failures else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--model", type=Path, help="the ONNX file to serve (the last trained one)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="length of each load")
    parser.add_argument("--warm-up", type=int, default=2, help="length of the load before it")
    parser.add_argument("--connections", type=int, default=16, help="asking for one image each")
    parser.add_argument("--batch-connections", type=int, default=4, help="asking for 256 images")
    parser.add_argument("servers", nargs="*", help=f"of {', '.join(SERVERS)} (all of them)")
    arguments = parser.parse_args()
    arguments.servers = arguments.servers or list(SERVERS)
    if unknown := set(arguments.servers) - set(SERVERS):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(SERVERS)}")
    return arguments


def _prepare(arguments: argparse.Namespace, work: Path) -> tuple[Material, str]:
    """Make environments, network and digits; return them and the network's description."""
    for name in ("api", "api-test", *{f"bench-{p.name}" for p in environments.PEERS.iterdir()}):
        environments.make(name)
    work.mkdir(parents=True)
    network, description = choose_network(arguments.model, work)
    digits = read_digits()
    (work / "images").write_bytes(digits.raw)
    save = [
        environments.bin_of("bench-mlflow") / "python",
        environments.PEERS / "mlflow/prepare.py",
    ]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with Supervisor() as supervisor:
        command: list[str | Path] = [*save, network, work / "images", work / "mlflow"]
        program = Program("saving for MLflow", command, ROOT, quiet, work / "prepare.log")
        if supervisor.run(program) != 0:
            raise RuntimeError((work / "prepare.log").read_text())
    return Material(network, digits, work), description


def _run_round(
    number: int, arguments: argparse.Namespace, material: Material, results: Results
) -> None:
    """Visit every server once, each round beginning with another one, and the bare engine."""
    work, network = material.work, material.network
    expected = ask_network(network, work / "images")
    plan = Plan(
        Pressure(arguments.connections, arguments.seconds),
        Pressure(arguments.batch_connections, arguments.seconds),
        arguments.warm_up,
    )
    names = arguments.servers[number:] + arguments.servers[:number]
    for name in names:
        print(f"Round {number + 1} of {arguments.rounds}: {name} ...", flush=True)
        log = work / f"{name}.log"
        try:
            found = visit(SERVERS[name](material), network, expected, plan, log)
            results.visits.setdefault(name, []).append(found)
        except FAILURES as error:
            print(f"  {error}", flush=True)
            results.failures.setdefault(name, []).append(str(error))
    print(f"Round {number + 1} of {arguments.rounds}: the bare engine ...", flush=True)
    results.engine.append(run_engine(network, work / "images", arguments.seconds, work))
    if CACHE.is_dir() and OURS in names:
        with Supervisor() as supervisor:
            server = from_cache(material)
            results.cached_starts.append(start(supervisor, server, network, work / "cached.log"))


sys.exit(main())
