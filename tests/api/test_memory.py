"""In a container's memory without swap, no request gets a worker killed."""

import base64
import gzip
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.cases.request_samples import INFER, SAMPLES
from support.cases.slow_bodies import FORM
from support.memory_cgroup import kills, memory_cgroup
from support.pictures.hostile import HONEST, HOSTILE
from support.processes import wait_until
from support.servers.api import Api

pytestmark = pytest.mark.slow

MEGABYTES = [512, 384]  # compose.yaml's, and less
ROW = b"[" + b",".join([b"0"] * 784) + b"]"
BATCH = b'{"images": [' + b",".join([ROW] * 10_600) + b"]}"  # 16 MB
NUMBERS = b",".join([b"0"] * 784 * 10_000)
INFERENCE = (
    b'{"inputs": [{"name": "image", "shape": [10000, 784], "datatype": "FP32", "data": [%b]}]}'
    % NUMBERS
)
STRINGS = b'{"images": [' + b",".join([b'"data:"'] * 2_000_000) + b"]}"  # 16 MB


def in_json(content: bytes) -> bytes:
    return b'{"image": "data:image/png;base64,%b"}' % base64.b64encode(content)


JSON, FORM_TYPE = "application/json", "multipart/form-data; boundary=x"
LARGE = 16 * 1024**2
Sent = tuple[str, str, bytes, dict[str, str]]  # path, content type, body, headers
SENT: list[Sent] = [
    *(("/predict", "image/png", content, {}) for content, _ in HOSTILE.values()),
    *(
        ("/predict", "image/png", content, {})
        for content in HONEST.values()
        if len(content) < LARGE
    ),
    *(("/predict", JSON, in_json(content), {}) for content, _ in HOSTILE.values()),
    *[("/predict", JSON, in_json(HONEST["JPEG, CMYK, progressive"]), {})] * 2,
    *[("/predict", JSON, in_json(bytes(12_000_000)), {})] * 2,
    *[("/predict", JSON, STRINGS, {})] * 2,
    *[("/predict", FORM_TYPE, FORM, {})] * 4,
    *[("/predict", JSON, BATCH, {})] * 3,
    *[("/predict", JSON, gzip.compress(BATCH, 1), {"Content-Encoding": "gzip"})] * 6,
    *[("/invocations", "text/csv", b"\n".join([ROW[1:-1]] * 10_000), {})] * 3,
    *[(INFER, JSON, INFERENCE, {})] * 3,
    *[("/predict", "application/octet-stream", bytes(784 * 21_000), {})] * 3,
]


@pytest.fixture(params=MEGABYTES, ids=str)
def group(request: pytest.FixtureRequest) -> Iterator[Path]:
    with memory_cgroup(request.param) as folder:
        yield folder


@pytest.fixture
def api(group: Path, start_api: Callable[..., Api], seven: Path) -> Iterator[Api]:
    api = start_api(cgroup=group, MODEL_FILE=str(seven)).wait_ready()
    wait_until(api.all_ready)
    yield api
    api.stop()


def send(api: Api, path: str, content_type: str, body: bytes, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=15)
    with suppress(OSError):
        connection.request("POST", path, body, {"Content-Type": content_type, **headers})
        connection.getresponse().read()
    connection.close()


def send_slowly(api: Api) -> None:
    """Send a body of 16 MiB in ten seconds."""
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with suppress(OSError), socket.create_connection(("127.0.0.1", api.port), 30) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % LARGE)
        for _ in range(50):
            connection.sendall(b" " * (LARGE // 50))
            time.sleep(0.2)


def run_beside(threads: list[threading.Thread], api: Api) -> None:
    """Run them; meanwhile, /health and one image are answered, each within ``call``'s 10 s."""
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert api.status() == 200
        assert api.predict() == 7
        time.sleep(0.1)


def check_unaffected(api: Api, group: Path, workers: list[int]) -> None:
    assert api.workers() == workers
    assert kills(group) == 0
    assert "Traceback" not in api.log()
    wait_until(
        lambda: (
            api.client.post(
                "/predict", content=SAMPLES[0], headers={"Content-Type": "image/png"}
            ).status_code
            == 200
        )
    )


def test_slow_large_bodies_kill_no_worker(api: Api, group: Path) -> None:
    workers = api.workers()
    slow = [threading.Thread(target=send_slowly, args=(api,)) for _ in range(30)]
    run_beside(slow, api)
    check_unaffected(api, group, workers)


def test_all_hostile_requests_at_the_same_time_kill_no_worker(api: Api, group: Path) -> None:
    workers = api.workers()
    threads = [threading.Thread(target=send_slowly, args=(api,)) for _ in range(10)]
    threads += [threading.Thread(target=send, args=(api, *sent)) for sent in SENT]
    run_beside(threads, api)
    check_unaffected(api, group, workers)
