"""Measures what many pods of the API cost the tracking server: `python -m bench.pollers`.

More and more simulated pods ask the registry as the API does, until the server falls behind. Then
a version's files are fetched by the API's own code, by many pods at once, as after a move of the
alias. Runs in the environment api-test.
"""

import argparse
import asyncio
import hashlib
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient

from bench import environments
from bench.load.pods import START_SECONDS, Answers, Pod
from bench.load.server_process import DIRECT
from bench.machine import describe_machine
from bench.servers.server import free_port
from local.environments import ROOT
from local.processes import Supervisor
from local.programs import mlflow_server
from local.settings import Settings
from mnist_api.model.version import REFERENCE, SCORE, Version
from mnist_api.registry.mlflow_client import FOLDER, ONNX, Registry, RegistryError

NAME, ALIAS = "mnist-classifier", "Production"
FILES = {ONNX: 940_000, SCORE: 770_000, REFERENCE: 4_000}  # bytes, as of the default recipe
DIGESTS = {ONNX: "sha256", SCORE: "digit_score_sha256", REFERENCE: "drift_reference_sha256"}
HEAD = """\
| pods | questions/s | a pod polls each, s | p50 ms | p99 ms | failed | server's CPU, cores | \
CPU ms a question |
|--:|--:|--:|--:|--:|--:|--:|--:|"""
SETTLE_SECONDS = 5  # after the pods have started
SWAP_HEAD = """\
| pods at once | seconds until all have it | MB/s | failed | server's CPU ms a pod |
|--:|--:|--:|--:|--:|"""
_find_cpu = re.compile(r"^process_cpu_seconds_total (\S+)$", re.MULTILINE).search


def main() -> None:
    """Measure and print Markdown."""
    args = _parse()
    today = datetime.now(UTC).date()
    with _serve(args.uri) as uri:
        version, where = _register(uri), "the given server" if args.uri else "a server on SQLite"
        print(f"Measured on {today}: {describe_machine()}; {where}, with ", end="")
        print(f"MODEL_POLL_SECONDS={args.poll_seconds:g}; {args.seconds} s for each row of pods.")
        print(f"\n{SWAP_HEAD}", flush=True)
        for count in args.swaps:
            print(_measure_swap(uri, version, count), flush=True)
        print(f"\n{HEAD}", flush=True)
        for count in args.pods:
            print(asyncio.run(_measure_pods(uri, count, args)), flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pollers", description=__doc__)
    add, default = parser.add_argument, "(default: %(default)s)"
    add("--uri", help="of a tracking server to measure; it gets a model version without an alias")
    add("--pods", type=int, nargs="+", default=[100, 200, 400, 1000], help=default)
    add("--swaps", type=int, nargs="+", default=[1, 10, 50], help=f"pods at once {default}")
    add("--poll-seconds", type=float, default=2.0, help=f"MODEL_POLL_SECONDS {default}")
    add("--seconds", type=int, default=20, help=f"for each number of pods {default}")
    return parser.parse_args()


@contextmanager
def _serve(uri: str | None) -> Iterator[str]:
    """Yield the server's address; without ``uri`` start one, and stop it at the end."""
    if uri:
        yield uri.rstrip("/")
        return
    environments.make("mlflow-server")
    name = datetime.now(UTC).strftime("pollers-%Y-%m-%dT%H-%M-%SZ")
    settings = Settings(mlflow_port=free_port(), state=ROOT / ".local" / "bench" / name)
    for folder in ("logs", "mlflow"):
        (settings.state / folder).mkdir(parents=True)
    with Supervisor() as supervisor:
        supervisor.start(mlflow_server(settings))
        ready = f"{settings.mlflow_url}/api/2.0/mlflow/experiments/search?max_results=1"
        supervisor.wait_until_ready(ready, seconds=180)
        yield settings.mlflow_url


def _register(uri: str) -> Version:
    """Register a version as the trainer does, with random bytes; the first one gets the alias."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    client = MlflowClient(uri, uri)
    run = client.create_run("0").info.run_id
    model = client.create_logged_model("0", source_run_id=run).model_id
    tags = {}
    with tempfile.TemporaryDirectory() as folder:
        (files := Path(folder, FOLDER)).mkdir()
        for name, size in FILES.items():
            (files / name).write_bytes(content := random.randbytes(size))  # noqa: S311 # no secret
            tags[DIGESTS[name]] = hashlib.sha256(content).hexdigest()
        client.log_model_artifacts(model, folder)
    client.finalize_logged_model(model, "READY")
    is_first = not client.search_registered_models(f"name = '{NAME}'")
    if is_first:
        client.create_registered_model(NAME)
    number = client.create_model_version(
        NAME, f"models:/{model}", run, tags, model_id=model
    ).version
    if is_first:
        client.set_registered_model_alias(NAME, ALIAS, number)
    return Version(NAME, str(number), run, None, tags[DIGESTS[ONNX]])


async def _measure_pods(uri: str, count: int, args: argparse.Namespace) -> str:
    """Return the row of ``count`` pods, measured after a while in which they spread."""
    answers = Answers()
    pods = [Pod(uri, NAME, ALIAS, args.poll_seconds).run(answers) for _ in range(count)]
    tasks = [asyncio.create_task(pod) for pod in pods]
    await asyncio.sleep(START_SECONDS + SETTLE_SECONDS)
    cpu, begin = await asyncio.to_thread(_read_cpu, uri), time.perf_counter()
    answers.forget()
    await asyncio.sleep(args.seconds)
    seconds, result = time.perf_counter() - begin, deepcopy(answers)
    used = await asyncio.to_thread(_read_cpu, uri) - cpu  # which waits behind the pods' questions
    cores = used / (time.perf_counter() - begin)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    asked, percentiles = len(result.latencies), statistics.quantiles(result.latencies, n=100)
    p50, p99, period = (
        1000 * percentiles[49],
        1000 * percentiles[98],
        count * seconds / result.polls,
    )
    return (
        f"| {count:,} | {asked / seconds:.0f} | {period:.1f} | {p50:,.0f} | "
        f"{p99:,.0f} | {result.failed} | {cores:.2f} | {1000 * cores * seconds / asked:.1f} |"
    )


def _measure_swap(uri: str, version: Version, count: int) -> str:
    """Return the row of ``count`` pods that fetch all files of the version at once."""
    registry = Registry(uri, NAME, ALIAS)

    def fetch(_: int) -> bool:
        try:
            return all(registry.fetch_extra(version, name) for name in FILES)
        except RegistryError:
            return False

    cpu, begin = _read_cpu(uri), time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        fetched = sum(pool.map(fetch, range(count)))
    seconds, used = time.perf_counter() - begin, _read_cpu(uri) - cpu
    rate = fetched * sum(FILES.values()) / seconds / 1e6
    return (
        f"| {count} | {seconds:.2f} | {rate:.0f} | {count - fetched} | {1000 * used / count:.0f} |"
    )


def _read_cpu(uri: str) -> float:
    """Return the processor time of the server's process so far, in s."""
    with DIRECT.open(f"{uri}/metrics", timeout=60) as response:
        found = _find_cpu(response.read().decode())
    return float(found[1]) if found else float("nan")


if __name__ == "__main__":
    main()
