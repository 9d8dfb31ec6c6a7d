"""`make fuzz`: a hundred thousand spoilt bodies over all forms, against a running API.

It fails on a 5xx, on an answer that openapi.json does not have, on a connection broken by a right
request, on a worker that died, and on memory that grows.
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))

from bodies import RIGHT, WAYS, Post, spoil
from described import is_described
from networks import linear_network
from processes import Api, wait_until

CLIENTS = 4
WORKERS = 2
GROWTH = 24 * 1024  # kB that a worker may still grow by once it has seen a fifth of the bodies


def main() -> int:
    """Send the bodies; return 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("--bodies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    options = parser.parse_args()
    print(f"{options.bodies} bodies, --seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mnist-fuzz-") as folder:
        network = Path(folder) / "linear.onnx"
        network.write_bytes(linear_network())
        api = Api(
            Path(folder), [], MODEL_FILE=str(network), WEB_CONCURRENCY=str(WORKERS)
        ).wait_ready()
        try:
            found = fuzz(api, options.bodies, options.seed)
        finally:
            code = api.stop()
        found += [f"the server ended with {code}"] if code else []
        if "Traceback" in api.log():
            found.append(api.log()[-3000:])
    print("\n".join(found) or "Nothing was found.")
    return 1 if found else 0


def fuzz(api: Api, bodies: int, seed: int) -> list[str]:
    """Return what was found, a line each."""
    wait_until(lambda: api.log().count("ASGI server listening") == WORKERS)
    workers = api.workers()
    seen, found = Counter[int](), list[str]()
    run(api, bodies // 5, seed, seen, found)
    before = {pid: resident(pid) for pid in workers}
    run(api, bodies - bodies // 5, seed + CLIENTS, seen, found)
    if api.workers() != workers:
        return [*found, f"workers {workers} are now {api.workers()}"]
    for pid, first in before.items():
        last = resident(pid)
        print(f"worker {pid}: {first // 1024} MB after a fifth, {last // 1024} MB at the end")
        if last > first + GROWTH:
            found.append(f"worker {pid} grew from {first} to {last} kB")
    print("answers:", dict(sorted(seen.items())))
    return found


def run(api: Api, bodies: int, seed: int, seen: Counter[int], found: list[str]) -> None:
    """Send ``bodies`` from several clients at once."""
    clients = [
        threading.Thread(target=send, args=(api, bodies // CLIENTS, seed + number, seen, found))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


def send(api: Api, bodies: int, seed: int, seen: Counter[int], found: list[str]) -> None:
    """Send ``bodies``, counting their answers; each client has its own chance and connection."""
    chance = random.Random(seed)  # noqa: S311 # to be had again by its seed
    with httpx.Client(base_url=api.url, timeout=60) as client:
        for number in range(bodies):
            post = chance.choice(RIGHT)
            for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
                way = chance.choice(WAYS)
                post = spoil(post, way, chance.random(), chance.random(), chance.randrange(999))
            complaint = ask(client, post, seen)
            if complaint:
                found.append(
                    f"client {seed}, body {number}: {post.path} {post.headers} {complaint}"
                )
            if len(found) > 20:
                return


def ask(client: httpx.Client, post: Post, seen: Counter[int]) -> str | None:
    """Return what is wrong with the answer, None where nothing is."""
    try:
        answer = client.post(post.path, headers=post.headers, content=post.body)
    except httpx.HTTPError as error:
        return repr(error)
    seen[answer.status_code] += 1
    media_type = answer.headers["Content-Type"]
    if answer.status_code >= 500 or not is_described(
        "post", post.path, answer.status_code, media_type
    ):
        return f"{answer.status_code} {media_type} {answer.text[:300]}"
    return None


def resident(pid: int) -> int:
    """Return the memory that a process holds, in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    sys.exit(main())
