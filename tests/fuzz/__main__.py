"""`make fuzz`: sends 100,000 mutated requests in all formats to a running API.

It fails on a 5xx, on a response that openapi.json does not describe, on a connection that breaks,
on a worker that ends, and on a worker whose memory grows.
"""

import argparse
import random
import secrets
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.cases.request_samples import MUTATIONS, VALID_REQUESTS, Post, mutate
from support.networks.dense import linear_network
from support.openapi_spec import is_documented
from support.processes import wait_until
from support.servers.api import Api

CLIENTS = 4
WORKERS = 2
MEMORY_GROWTH = 24 * 1024  # kB, allowed for a worker after the first fifth of the requests


def main() -> int:
    """Run the API and send the requests; return 1 if there were failures."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    options = parser.parse_args()
    print(f"{options.bodies} requests, --seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mnist-fuzz-") as folder:
        network = Path(folder) / "linear.onnx"
        network.write_bytes(linear_network())
        api = Api(
            Path(folder), [], MODEL_FILE=str(network), WEB_CONCURRENCY=str(WORKERS)
        ).wait_ready()
        try:
            failures = fuzz(api, options.bodies, options.seed)
        finally:
            code = api.stop()
        failures += [f"the server ended with exit code {code}"] if code else []
        if "Traceback" in api.log():
            failures.append(api.log()[-3000:])
    print("\n".join(failures) or "No failures.")
    return 1 if failures else 0


def fuzz(api: Api, bodies: int, seed: int) -> list[str]:
    """Send ``bodies`` requests; return the failures, one line each."""
    wait_until(lambda: api.log().count("Application startup complete") == WORKERS)
    workers = api.workers()
    statuses, failures = Counter[int](), list[str]()
    run_clients(api, bodies // 5, seed, statuses, failures)
    before = {pid: read_memory(pid) for pid in workers}
    run_clients(api, bodies - bodies // 5, seed + CLIENTS, statuses, failures)
    if api.workers() != workers:
        return [*failures, f"workers {workers} are now {api.workers()}"]
    for pid, first in before.items():
        last = read_memory(pid)
        print(f"worker {pid}: {first // 1024} MB after a fifth, {last // 1024} MB at the end")
        if last > first + MEMORY_GROWTH:
            failures.append(f"worker {pid} grew from {first} to {last} kB")
    print("statuses:", dict(sorted(statuses.items())))
    return failures


def run_clients(
    api: Api, bodies: int, seed: int, statuses: Counter[int], failures: list[str]
) -> None:
    """Send ``bodies`` requests from several clients at the same time."""
    clients = [
        threading.Thread(
            target=send_requests, args=(api, bodies // CLIENTS, seed + number, statuses, failures)
        )
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


def send_requests(
    api: Api, bodies: int, seed: int, statuses: Counter[int], failures: list[str]
) -> None:
    """Send ``bodies`` requests on one connection, mutated by a generator with this seed."""
    generator = random.Random(seed)  # noqa: S311 # reproducible, not for secrets
    with httpx.Client(base_url=api.url, timeout=60, trust_env=False) as client:
        for number in range(bodies):
            post = generator.choice(VALID_REQUESTS)
            for _ in range(generator.choice([0, 1, 1, 1, 2, 3])):
                way = generator.choice(MUTATIONS)
                post = mutate(
                    post, way, generator.random(), generator.random(), generator.randrange(999)
                )
            failure = send_request(client, post, statuses)
            if failure:
                failures.append(
                    f"client {seed}, request {number}: {post.path} {post.headers} {failure}"
                )
            if len(failures) > 20:
                return


def send_request(client: httpx.Client, post: Post, statuses: Counter[int]) -> str | None:
    """Count the status; return the failure, None if there is none."""
    try:
        response = client.post(post.path, headers=post.headers, content=post.body)
    except httpx.HTTPError as error:
        return repr(error)
    statuses[response.status_code] += 1
    media_type = response.headers["Content-Type"]
    if response.status_code >= 500 or not is_documented(
        "post", post.path, response.status_code, media_type
    ):
        return f"{response.status_code} {media_type} {response.text[:300]}"
    return None


def read_memory(pid: int) -> int:
    """Return the resident memory of a process in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    sys.exit(main())
